"""How well generated muons match real ones: figures of merit, each with its null."""

from __future__ import annotations

from muforge.judge.bdt import BDTResult
from muforge.judge.compare import compare
from muforge.judge.comparison import Comparison
from muforge.judge.examine import judge_category
from muforge.judge.judgement import CategoryJudgement, Judgement
from muforge.judge.result import Findings, Result
from muforge.judge.verdict import Verdict

__all__ = [
    "BDTResult",
    "CategoryJudgement",
    "Comparison",
    "Findings",
    "Judgement",
    "Result",
    "Verdict",
    "compare",
    "judge_category",
]

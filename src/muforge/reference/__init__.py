"""The reference simulation: protons on a target, and the muons that reach the end of the hadron absorber."""

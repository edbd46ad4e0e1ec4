"""`python -m muforge`."""

from muforge.cli import main

if __name__ == "__main__":
    main()

"""`python -m briefingfeed`."""

from briefingfeed.cli import main

if __name__ == "__main__":
    main()

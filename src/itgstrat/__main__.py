"""`python -m itgstrat`, where the script `itgstrat` is not on the path."""

from itgstrat.cli import main

if __name__ == "__main__":
    main()

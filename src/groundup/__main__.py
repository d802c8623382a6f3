"""`python -m groundup VERB ...`, and so `torchrun ... -m groundup train RECIPE`."""

from groundup.cli.main import main

if __name__ == "__main__":
    main()

"""groundup demo: the main job, whole. The same as `groundup train demo --overwrite`."""

from groundup.cli import train


def main(arguments: list[str]) -> None:
    train.main(["demo", *arguments, "--overwrite"])

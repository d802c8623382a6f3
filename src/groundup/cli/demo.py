"""groundup demo: the main job, whole. The same as `groundup train demo`, with a name that is free."""

from groundup.cli import train
from groundup.run.folder import RUNS, free_name


def main(arguments: list[str]) -> None:
    named = {argument.split("=")[0] for argument in arguments} & {"--name", "--overwrite", "--help", "-h"}
    if not named and (RUNS / "demo").exists():
        name = free_name("demo")
        print(
            f"{RUNS / 'demo'} is there already and stays; this one is {RUNS / name} (--overwrite replaces the first)\n"
        )
        arguments = [*arguments, "--name", name]
    train.main(["demo", *arguments])

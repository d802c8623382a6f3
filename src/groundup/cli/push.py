"""groundup push RUN OWNER/NAME: export a run, check it, describe it, and send it to the Hugging Face Hub."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from groundup.cli.parse import Run, parse

if TYPE_CHECKING:
    from groundup.publish.write import Export


@dataclass(frozen=True)
class Push:
    """Send a run to the Hugging Face Hub: weights, tokenizer, licence and a card, in one commit.

    First the export is compared with the run in a process without groundup; where anything differs, nothing is sent.
    The token is the one that `hf auth login` keeps, or HF_TOKEN.
    """

    run: Run
    """A run folder, or its name under runs/."""
    repo: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="OWNER/NAME")]
    """OWNER/NAME on the Hub; made if it is not there."""
    checkpoint: str = "best"
    """best, latest or the number of a step."""
    trust_code: bool = False
    """Execute the Python file of its own that the run was trained with, a copy of which lies in its folder."""
    format: Literal["auto", "native", "custom"] = "auto"
    """auto is native where transformers has a class that computes the same, else custom, with the code beside it."""
    private: bool = False
    """Only the owner may see it."""
    revision: str | None = None
    """A branch to send to; it is made if it is not there."""
    tag: str | None = None
    """A name for this commit, such as v1.0; it must be new."""
    license: str = "apache-2.0"
    """The licence of the weights, by the Hub's word for it; the code is Apache-2.0."""
    inputs: int = 32
    """Held-out inputs on which the export is compared with the run."""
    dry_run: bool = False
    """Export and compare, list the files and their sizes, and send nothing."""
    space: str | None = None
    """OWNER/NAME of a static Space with a page that runs the model."""


def main(arguments: list[str]) -> None:
    options = parse(Push, arguments, prog="groundup push")
    try:
        from groundup.publish.push import check_name, files_of, push

        check_name(options.repo)
    except ImportError as error:
        raise ValueError(f"{error.name} is not installed: pip install 'groundup[hub]'") from None
    if options.space is not None:
        raise ValueError("there is no page for a Space in this version; leave out --space")
    if options.inputs < 1:
        raise ValueError(f"--inputs ({options.inputs}) must be at least 1: nothing is sent that was not compared")
    with tempfile.TemporaryDirectory() as place:
        export = _exported(options, Path(place) / "export")
        files = files_of(export.folder)
        for name, size in files:
            print(f"{size:>13,} bytes  {name}")
        total = sum(size for _, size in files)
        if options.dry_run:
            print(f"\n{len(files)} files, {total:,} bytes, would be sent to {options.repo}; nothing was sent")
            return
        url = push(export.folder, options.repo, private=options.private, revision=options.revision, tag=options.tag)
    print(f"\nsent         {len(files)} files, {total:,} bytes: {url}")


def _exported(options: Push, folder: Path) -> "Export":
    """The folder that is to be sent; ValueError where it is not what the run is."""
    from groundup.publish.facts import check_finished
    from groundup.publish.make import make
    from groundup.run.load import load, which

    run = load(options.run, checkpoint=which(options.checkpoint), device="cpu", trust_code=options.trust_code)
    check_finished(run)
    (export,) = make(
        run,
        folder,
        options.format,
        name=options.repo,
        licence=options.license,
        inputs=options.inputs,
        revision=options.tag or options.revision,
        say=print,
    )
    return export

"""What a language model writes when its training is over: printed, and kept in the run's samples/."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundup.run.text import TextRun


def write_sample(run: "TextRun", prompt: str, *, max_new_tokens: int = 300) -> None:
    """Sample once after the prompt, as long as the context allows."""
    from groundup.decode.choose import Sample

    choose = Sample(temperature=0.8, top_p=0.95, seed=0)
    text = prompt + "".join(run.generate(prompt, choose=choose, max_new_tokens=max_new_tokens))
    run.folder.samples.mkdir(exist_ok=True)
    (run.folder.samples / "after-training.txt").write_text(text + "\n", encoding="utf-8")
    print(f"\n{text}")
    print(f"\nuse it       groundup generate {run.folder.quoted} {prompt or 'I'} --temperature 0.8")

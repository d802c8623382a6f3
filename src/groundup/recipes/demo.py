"""English to French on the built-in phrasebook: the main job, whole, in three minutes on two CPU cores."""

from typing import TYPE_CHECKING

from groundup.presets import preset
from groundup.recipes.recipe import PairData, PairRecipe, TokenizerSettings
from groundup.training.settings import TrainSettings

if TYPE_CHECKING:
    from groundup.run.pairs import PairRun

RECIPE = PairRecipe(
    name="demo",
    data=PairData(corpus="phrasebook-fr", phrasebook=80_000, valid=500, test=1000, batch_tokens=2048),
    tokenizer=TokenizerSettings(vocab_size=4000),
    model=preset(
        "transformer-tiny",
        vocab_size=4000,
        context=128,
        width=128,
        layers=2,
        encoder_layers=3,
        norm_first=True,
        position="rotary",
    ),
    train=TrainSettings(lr=4e-3, warmup=100, floor=0.02, validate_every=300, save_every=600, log_every=100),
    max_minutes=2.2,
)

BEAMS = (1, 2, 3)


def finish(run: "PairRun") -> None:
    """Ten translations of sentences never seen, by one, two and three beams, and one of them to look into."""
    from groundup.measure.translation import sentence_scores
    from groundup.recipes.judge import readable
    from groundup.recipes.train_pairs import read_splits
    from groundup.run.attention import look_at_pair

    pairs = readable(run, read_splits(run.recipe.data).test)[:10]
    if not pairs:
        return
    answers = {beams: run.answers([pair.source for pair in pairs], num_beams=beams) for beams in BEAMS}
    print("\nten sentences never seen, with 1, 2 and 3 beams (score: mean ln p of a token; BLEU of the sentence)")
    for i, pair in enumerate(pairs):
        print(f"\n{pair.source}  (expected: {pair.target})")
        for beams in BEAMS:
            best = answers[beams][i][0]
            bleu = sentence_scores([best.text], [pair.target])[0].bleu
            print(f"  {beams}  {best.score:7.4f}  BLEU {bleu:5.1f}  {best.text}")
    page, *_ = look_at_pair(run, max((pair.source for pair in pairs), key=len), run.folder.path / "attention")
    print(f"\nlook inside  open {page} in a browser: step through the words and see where each head looks")
    print(f"use it       groundup translate {run.folder.quoted} 'She never drinks coffee.'")

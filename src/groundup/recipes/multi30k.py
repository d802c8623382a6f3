"""German to English captions of pictures, with the published parts; also multi30k-en-de, multi30k-en-fr.

29,000 short sentences: a small model with few tokens, strong dropout and Muon learns most in the time. docs/results.md
has all the settings that were tried.
"""

from groundup.presets import preset
from groundup.recipes.recipe import PairData, PairRecipe, TokenizerSettings
from groundup.training.settings import TrainSettings

RECIPE = PairRecipe(
    name="multi30k",
    # The published parts are used (29,000, 1,014 and the 1,000 of test_2016_flickr), not the counts of PairData.
    data=PairData(corpus="multi30k-de-en", valid=1014, test=1000, batch_tokens=4096),
    tokenizer=TokenizerSettings(vocab_size=4000),
    model=preset("seq2seq-tiny"),
    train=TrainSettings(
        lr=3e-3,
        optimizer="muon",
        matrix_lr=0.03,
        warmup=100,
        floor=0.02,
        smoothing=0.1,
        average=500,
        validate_every=250,
        save_every=1000,
    ),
    max_minutes=25,
    num_beams=5,
)

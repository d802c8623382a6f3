"""Every kind of run there is, small: what the tests of publishing go through."""

from groundup.config import ModelConfig, RopeScaling
from groundup.presets import preset

TEXT = (
    "Where is the station? It is behind the old house, and the house is behind the church. Où est la gare ? "
    "Hello, how are you? ␞ Hi, what can I do for you? ␞ I want a table for two."
)
MARKS = ("<pad>", "<bos>", "<eos>")
SHAPE = dict(context=64, width=32, layers=2, heads=4)
GATED = dict(mlp_width=40, kv_heads=2)
TEXTS: dict[str, ModelConfig] = {
    "gpt2": preset("gpt2-tiny", vocab_size=300, **SHAPE),
    "gpt3": preset("gpt3-tiny", vocab_size=300, **SHAPE | dict(windows=(None, 5))),
    "llama": preset("llama-tiny", vocab_size=300, **SHAPE, mlp_width=40),
    "llama2": preset("llama2-tiny", vocab_size=300, **SHAPE, **GATED),
    "llama3": preset("llama3-tiny", vocab_size=300, **SHAPE, **GATED, rope_scaling=RopeScaling(original_context=16)),
    "modern": preset("modern-tiny", vocab_size=300, **SHAPE, windows=(5, None)),
}
POST = dict(vocab_size=300, encoder_layers=2, mlp_width=48, **SHAPE)
PAIRS: dict[str, ModelConfig] = {
    "post-norm": preset("transformer-tiny", **POST),
    "pre-norm": preset("transformer-tiny", **POST, norm_first=True, position="rotary"),
    "separate": preset("transformer-tiny", **POST, source_vocab_size=280, tied="head"),
    "dialogue": preset("transformer-tiny", **POST, norm_first=True, position="rotary"),
}
KINDS = [*TEXTS, *PAIRS]
NATIVE = ["gpt2", "gpt3", "llama", "llama2", "llama3", "post-norm", "separate"]

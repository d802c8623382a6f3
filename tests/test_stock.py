"""Parts of one's own are never passed over in silence: not in an export, a run, a recording or a cache."""

import pytest
import torch
from torch import nn

import groundup as gu
from groundup.nn.attend import Attend, attention_weights


def a_model() -> gu.CausalLM:
    torch.manual_seed(0)
    return gu.CausalLM(gu.preset("gpt2", vocab_size=32, context=16, width=16, layers=2, heads=2)).eval()


class Sharp(Attend):
    """Attends twice as sharply."""

    def forward(self, q, k, v, mask):
        return super().forward(2 * q, k, v, mask)


class Told(Sharp):
    def weights(self, q, k, mask):
        return attention_weights(2 * q, k, mask)


class Forgetful(nn.Module):
    """An attention that keeps nothing."""

    def __init__(self, inner: nn.Module):
        super().__init__()
        self.inner = inner

    def forward(self, x, *args, cache=None, **named):
        return self.inner(x, *args, **named)


class OwnNorm(nn.LayerNorm):
    pass


def with_own(model: gu.CausalLM, kind: str) -> gu.CausalLM:
    block = model.stack.blocks[1]
    if kind == "attend":
        block.attention.attend = Sharp()
    elif kind == "norm":
        model.stack.norm = OwnNorm(16)
    elif kind == "one more":
        block.gate = nn.Linear(16, 16)
    elif kind == "parameter":
        block.scale = nn.Parameter(torch.ones(()))
    elif kind == "gone":
        del block.mlp
    return model


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("attend", r"stack\.blocks\.1\.attention\.attend \(.*Sharp\)"),
        ("norm", r"stack\.norm \(.*OwnNorm\)"),
        ("one more", r"stack\.blocks\.1\.gate \(torch\.nn.*Linear\)"),
        ("parameter", r"stack\.blocks\.1\.scale \(\)"),
        ("gone", r"stack\.blocks\.1\.mlp \(missing\)"),
    ],
)
def test_own_parts_are_named_by_what_would_lose_them(tmp_path, kind, named):
    model = with_own(a_model(), kind)
    tokenizer = gu.Tokenizer.characters("abc", specials=("<|endoftext|>",))
    with pytest.raises(ValueError, match=f"does not describe: {named}.*native format"):
        gu.to_hub(model, tmp_path / "hub", tokenizer=tokenizer)
    with pytest.raises(ValueError, match=f"does not describe: {named}.*run folder"):
        gu.save_run(model, tmp_path / "run", tokenizer=tokenizer)
    assert not [*tmp_path.iterdir()]


def test_stock_models_pass_whatever_was_done_to_their_weights(tmp_path):
    model = a_model()
    model.stack.embed.weight.requires_grad_(False)
    gu.to_hub(model.half(), tmp_path / "hub")
    with pytest.raises(ValueError, match="Linear is neither a CausalLM nor a Seq2Seq"):
        gu.to_hub(nn.Linear(2, 2), tmp_path / "x")  # type: ignore[arg-type]


def test_a_recording_says_what_an_own_attend_does_or_refuses():
    model, ids = a_model(), torch.tensor([[1, 2, 3, 4]])
    model.stack.blocks[1].attention.attend = Sharp()
    message = r"has its own attention \(Sharp\).*weights\(q, k, mask\)"
    with pytest.raises(ValueError, match=message), gu.record_attention(model):
        pass
    with gu.record_attention(model, layers="*.0.*") as maps:
        model(ids)
    assert len(maps) == 1
    plain = a_model()
    plain.stack.blocks[1].attention.attend = Told()
    with gu.record_attention(plain) as maps:
        plain(ids)
    with gu.record_attention(a_model()) as stock:
        a_model()(ids)
    own = maps["stack.blocks.1.attention"][0]
    assert own.sum(dim=-1).allclose(torch.ones(1, 2, 4))
    assert not stock["stack.blocks.1.attention"] or not own.allclose(stock["stack.blocks.1.attention"][0])


@pytest.mark.parametrize("choose", [gu.Greedy(), gu.Beams(2)])
def test_a_cache_that_does_not_grow_is_noticed(choose):
    model = a_model()
    tokenizer = gu.Tokenizer.characters("abcdefgh")
    assert gu.write(model, tokenizer, "abc", choose, max_new_tokens=3)
    model.stack.blocks[1].attention = Forgetful(model.stack.blocks[1].attention)
    with pytest.raises(ValueError, match=r"layer 1 read 3 tokens after 0, but its cache holds 0: .*cache\.append"):
        gu.write(model, tokenizer, "abc", choose, max_new_tokens=3)

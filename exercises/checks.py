"""What each exercise must do, said in words where it does not. `make exercise N=3`, or: python exercises/check.py 3"""

import itertools
import math
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from typing import Any

import torch
from inside import LAYERS
from torch import Tensor, nn
from torch.nn import functional as F

Solution = Any  # a module, or anything else with the functions of the exercise


def need(condition: bool | Tensor, words: str) -> None:
    if not bool(condition):
        raise AssertionError(words)


def near(a: Tensor, b: Tensor, tolerance: float = 1e-4) -> bool:
    return a.shape == b.shape and bool(torch.isfinite(a).all()) and bool((a - b).abs().max() < tolerance)


def check_1(yours: Solution) -> None:
    words = {("h", "u", "g"): 10, ("p", "u", "g"): 5, ("a", "a", "a"): 2}
    counts = dict(yours.count_pairs(dict(words)))
    need(counts.get(("u", "g")) != 2, "count_pairs counts each word once; add how often the word occurs")
    need(counts.get(("a", "a")) == 4, "count_pairs: ('a', 'a') is a neighbour twice in ('a', 'a', 'a')")
    need(counts.get(("u", "g")) == 15, f"count_pairs: ('u', 'g') occurs 15 times, not {counts.get(('u', 'g'))}")
    need(len(counts) == 4, f"count_pairs finds 4 different pairs here, not {len(counts)}")
    need(yours.merge(("h", "u", "g"), ("u", "g")) == ("h", "ug"), "merge does not join the pair, or returns no tuple")
    need(yours.merge(("a", "a", "a"), ("a", "a")) == ("aa", "a"), "merge goes from left to right: aaa becomes aa a")
    need(yours.merge(tuple("xaab"), ("a", "b")) == ("x", "a", "ab"), "merge loses or joins pieces outside the pair")
    need(yours.merge(tuple("abab"), ("a", "b")) == ("ab", "ab"), "merge must join every occurrence, not only the first")
    need(yours.merge(("ab", "c"), ("a", "b")) == ("ab", "c"), "merge compares whole pieces, not letters")
    text = {"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}
    learnt = yours.learn(dict(text), 4)
    need(len(learnt) == 4, f"learn(…, 4) gives {len(learnt)} merges")
    need(learnt[0] == ("u", "g"), f"the most frequent pair is ('u', 'g'), and learn began with {learnt[0]}")
    expected = [("u", "g"), ("u", "n"), ("h", "ug"), ("p", "un")]
    need(learnt == expected, f"after a merge, count again in the joined words: {expected}, not {learnt}")
    need(yours.learn({"ab": 1, "cd": 1}, 1) == [("c", "d")], "of equally frequent pairs take the greatest")
    need(yours.learn({"ab": 1}, 9) == [("a", "b")], "stop when every word is one piece")


def check_2(yours: Solution) -> None:
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 8), torch.randn(5, 8), torch.randn(5, 4)
    out = yours.attention(q, k, v)
    need(
        isinstance(out, Tensor) and out.shape == (3, 4), f"3 queries and values of width 4 give (3, 4), not {_of(out)}"
    )
    same = yours.attention(q, k, torch.ones(5, 4))
    need(near(same, torch.ones(3, 4)), "the weights of a query must sum to 1: take the softmax over the keys")
    right = F.scaled_dot_product_attention(q[None], k[None], v[None])[0]
    bare = (q @ k.T).softmax(-1) @ v
    need(not near(out, bare), "divide the scores by the square root of D")
    need(not near(out, (q @ k.T / 8).softmax(-1) @ v), "divide by the square root of D, not by D")
    need(not near(out, (q @ k.T * math.sqrt(8)).softmax(-1) @ v), "divide by the square root of D; do not multiply")
    need(near(out, right), "the numbers are not those of softmax(q kᵀ / sqrt(D)) v")
    large = yours.attention(100 * q, 100 * k, v)
    need(torch.isfinite(large).all(), "with large scores the result is not finite: subtract the largest score first")
    allowed = torch.tensor([[1, 0, 0, 0, 0], [1, 1, 0, 0, 1], [0, 0, 0, 0, 0]]).bool()
    masked = yours.attention(q, k, v, allowed)
    need(not near(masked[0], right[0]), "`allowed` is not used")
    need(
        near(masked[0], v[0]), "a query that may see one key gets exactly that key's value; hide scores before softmax"
    )
    two = F.scaled_dot_product_attention(q[None, 1:2], k[None], v[None], attn_mask=allowed[None, 1:2])[0, 0]
    need(near(masked[1], two), "hidden keys still have weight")
    need(not masked[2].isnan().any(), "a query that sees nothing gets zeros, not NaN")
    need(near(masked[2], torch.zeros(4)), "a query that sees nothing gets zeros")


def check_3(yours: Solution) -> None:
    full = yours.visible(4, 4, causal=False)
    need(isinstance(full, Tensor) and full.shape == (4, 4), f"4 queries and 4 keys give (4, 4), not {_of(full)}")
    need(full.dtype == torch.bool, f"the result is bool, not {full.dtype}")
    need(full.all(), "without `causal` and `window` everyone sees everyone")
    seen = yours.visible(4, 4, causal=True)
    need(seen.diagonal().all(), "a token sees itself")
    need(not torch.equal(seen, torch.ones(4, 4).bool().triu()), "upside down: tokens see what comes after them")
    need(torch.equal(seen, torch.ones(4, 4).bool().tril()), "causal: a query sees its own position and all before it")
    late = yours.visible(2, 5, causal=True)
    need(late.shape == (2, 5), f"2 queries and 5 keys give (2, 5), not {tuple(late.shape)}")
    need(late[1].all(), "the queries are the LAST positions: the last query sees all keys in the cache")
    need(late.tolist() == [[True] * 4 + [False], [True] * 5], "the first of 2 queries behind 3 cached keys sees 4 keys")
    band = yours.visible(4, 4, causal=True, window=2)
    need(not torch.equal(band, seen), "`window` is not used")
    need(torch.equal(yours.visible(3, 3, causal=True, window=1), torch.eye(3).bool()), "window=1 sees only itself")
    need(band.sum(dim=1).tolist() == [1, 2, 2, 2], "window=2 sees itself and one token before it")
    both = yours.visible(4, 4, causal=False, window=2)
    need(both.sum(dim=1).tolist() == [2, 3, 3, 2], "without `causal`, the window reaches to both sides")
    need(yours.visible(1, 6, causal=True, window=3).tolist() == [[False] * 3 + [True] * 3], "cache and window together")


def check_4(yours: Solution) -> None:
    torch.manual_seed(0)
    x = torch.randn(4, 8)
    at = torch.tensor([0, 1, 5, 70])
    before = x.clone()
    out = yours.rotate(x, at)
    need(isinstance(out, Tensor) and out.shape == x.shape, f"the shape stays (4, 8), not {_of(out)}")
    need(torch.equal(x, before), "x itself was changed; make a new tensor")
    need(near(out[0], x[0]), "at position 0 nothing is turned")
    need(not near(out, x), "nothing is turned at all")
    need(near(out.norm(dim=1), x.norm(dim=1)), "turning keeps the length of a vector; here it changes")
    angle = at[:, None] * 10000.0 ** (-torch.arange(0, 8, 2) / 8)
    a, b = x[:, :4], x[:, 4:]
    right = torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], dim=1)
    backwards = torch.cat([a * angle.cos() + b * angle.sin(), b * angle.cos() - a * angle.sin()], dim=1)
    need(not near(out, backwards), "the pairs are turned the other way round")
    need(near(out[1], right[1]), "pair i is (x[i], x[i + D/2]), and its angle at position 1 is theta ** (-2 i / D)")
    need(near(out, right, 1e-3), "the angle grows in proportion to the position in `at`")
    need(not near(yours.rotate(x, at, theta=100.0), out), "`theta` is not used")
    q, k = torch.randn(1, 8), torch.randn(1, 8)
    scores = [
        (yours.rotate(q, torch.tensor([p])) * yours.rotate(k, torch.tensor([p - 3]))).sum().item() for p in (3, 30)
    ]
    need(abs(scores[0] - scores[1]) < 1e-3, "the product of a query and a key must depend on their distance alone")
    half = yours.rotate(x.bfloat16(), at)
    need(half.dtype == torch.bfloat16, f"bfloat16 in, bfloat16 out, not {half.dtype}")


def check_5(yours: Solution) -> None:
    torch.manual_seed(0)
    x, weight, bias = 3 * torch.randn(2, 5, 8) + 2, torch.randn(8), torch.randn(8)
    plain = yours.layer_norm(x, torch.ones(8), torch.zeros(8))
    need(isinstance(plain, Tensor) and plain.shape == x.shape, f"the shape stays (2, 5, 8), not {_of(plain)}")
    need(near(plain.mean(dim=-1), torch.zeros(2, 5), 1e-3), "layer_norm: the mean over the LAST axis must become 0")
    spread = plain.pow(2).mean(dim=-1)
    need(abs(spread.mean() - 7 / 8) > 1e-3, "layer_norm: divide the variance by C, not by C - 1 (correction=0)")
    need(near(spread, torch.ones(2, 5), 1e-3), "layer_norm: the variance over the last axis must become 1")
    flat = yours.layer_norm(torch.ones(1, 8), torch.ones(8), torch.zeros(8))
    need(torch.isfinite(flat).all(), "layer_norm: a row of equal numbers gives NaN; eps is missing")
    small = 1e-3 * x
    inside = F.layer_norm(small, (8,), eps=1e-5)
    need(near(yours.layer_norm(small, torch.ones(8), torch.zeros(8)), inside), "layer_norm: eps stands inside the root")
    need(not near(yours.layer_norm(x, weight, torch.zeros(8)), plain), "layer_norm: weight is not used")
    need(near(yours.layer_norm(x, weight, bias), F.layer_norm(x, (8,), weight, bias)), "layer_norm: weight, then bias")
    wide = yours.layer_norm(x, torch.ones(8), torch.zeros(8), 1.0)
    need(near(wide, F.layer_norm(x, (8,), eps=1.0)), "layer_norm: use the eps that is given")
    rms = yours.rms_norm(x, torch.ones(8))
    need(isinstance(rms, Tensor) and rms.shape == x.shape, f"rms_norm: the shape stays (2, 5, 8), not {_of(rms)}")
    need(not near(rms, plain), "rms_norm does not subtract the mean")
    need(
        near(rms.pow(2).mean(dim=-1), torch.ones(2, 5), 1e-3), "rms_norm: the mean square over the last axis becomes 1"
    )
    need(near(yours.rms_norm(x, weight), F.rms_norm(x, (8,), weight, 1e-5)), "rms_norm: multiply by weight")
    need(near(yours.rms_norm(small, weight), F.rms_norm(small, (8,), weight, 1e-5)), "rms_norm: eps inside the root")


def _slips(block: nn.Module) -> dict[str, nn.Module]:
    """The package's block with one slip each, and what to say to somebody whose block computes the same."""
    from groundup.nn.attention import Attention

    def changed(change: Callable[[Any], None]) -> nn.Module:
        copy = deepcopy(block)
        change(copy)
        return copy

    def heads(count: int) -> Callable[[Any], None]:
        def change(copy: Any) -> None:
            copy.attention = Attention(16, count)
            copy.attention.load_state_dict(block.attention.state_dict())  # type: ignore[union-attr]

        return change

    def scaled(factor: float) -> Callable[[Any], None]:
        def change(copy: Any) -> None:
            with torch.no_grad():
                copy.attention.query.weight.mul_(factor)
                copy.attention.query.bias.mul_(factor)

        return change

    def swapped(copy: Any) -> None:
        copy.attention.key, copy.attention.value = copy.attention.value, copy.attention.key

    def same_norm(copy: Any) -> None:
        copy.mlp_norm = copy.attention_norm

    def activation(function: nn.Module) -> Callable[[Any], None]:
        return lambda copy: setattr(copy.mlp, "activation", function)

    return {
        "this is the result of one head: cut the width into heads, each with its own softmax": changed(heads(1)),
        "this is the result of 2 heads where there should be 4": changed(heads(2)),
        "the scores are too large: divide by the square root of D, the width of a head": changed(scaled(2.0)),
        "the scores are too small: divide by the square root of D, the width of a HEAD": changed(scaled(0.5)),
        "attention reads x and not attention_norm(x)": changed(lambda b: setattr(b, "attention_norm", nn.Identity())),
        "the feed-forward reads x and not mlp_norm(x)": changed(lambda b: setattr(b, "mlp_norm", nn.Identity())),
        "the feed-forward reads attention_norm(x); it has a norm of its own, mlp_norm": changed(same_norm),
        "keys and values are swapped": changed(swapped),
        'this is another GELU: take approximate="tanh"': changed(activation(nn.GELU())),
        "this is ReLU; take GELU": changed(activation(nn.ReLU())),
        "there is no GELU between into and back": changed(activation(nn.Identity())),
    }


def check_6(yours: Solution) -> None:
    from groundup.nn.attention import Attention
    from groundup.nn.block import Block
    from groundup.nn.masks import build_mask
    from groundup.nn.mlp import MLP

    torch.manual_seed(0)
    mlp = MLP(16, 64, activation=nn.GELU(approximate="tanh"))
    theirs = Block(Attention(16, 4), mlp, norm=partial(nn.LayerNorm, 16))
    for norm in (theirs.attention_norm, theirs.mlp_norm):
        nn.init.normal_(norm.weight)
    block = yours.Block(16, 4)
    for mine, their in LAYERS.items():
        need(isinstance(getattr(block, mine, None), nn.Module), f"the layer {mine} is missing")
        try:
            block.get_submodule(mine).load_state_dict(theirs.get_submodule(their).state_dict())
        except RuntimeError as error:
            raise AssertionError(f"the layer {mine} has other weights: {str(error).splitlines()[-1].strip()}") from None
    count, expected = (sum(p.numel() for p in model.parameters()) for model in (block, theirs))
    need(count == expected, f"the block has {count} parameters; with the layers that are named it has {expected}")
    x = torch.randn(2, 6, 16)
    out = block(x)
    need(isinstance(out, Tensor) and out.shape == x.shape, f"(2, 6, 16) goes in and comes out, not {_of(out)}")
    other = x.clone()
    other[:, 4] = torch.randn(16)
    moved = (block(other) - out).abs().amax(dim=(0, 2))
    need(moved[4] > 1e-4, "the result at a token does not depend on that token")
    need(moved[:4].max() < 1e-5, "a token sees what comes after it: the causal mask is missing or upside down")
    need(moved[5] > 1e-5, "later tokens do not see this one: is attention there at all?")
    need(near(block(x[:1]), out[:1]), "the rows of a batch influence each other")
    for layer in ("out", "back"):
        nn.init.zeros_(block.get_submodule(layer).weight)
        nn.init.zeros_(block.get_submodule(layer).bias)
    need(
        near(block(x), x), "when both branches give 0, x comes out unchanged: add the branch to x, norm only inside it"
    )
    for layer in ("out", "back"):
        block.get_submodule(layer).load_state_dict(theirs.get_submodule(LAYERS[layer]).state_dict())
    mask = build_mask(6, causal=True)
    right = theirs(x, mask=mask)
    if not near(out, right):
        for words, slip in _slips(theirs).items():
            need(not near(out, slip(x, mask=mask)), words)
    need(near(out, right), "close, but other numbers than the package's block; look at heads, scale, norms and GELU")


def _cache_slips(q: Tensor, k: Tensor, v: Tensor) -> dict[str, Tensor]:
    """What comes out, token by token, of a cache with one slip each, and what to say to somebody who gets the same."""

    def steps(read: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Tensor:
        seen = range(1, q.shape[2] + 1)
        return torch.cat([read(q[:, :, t - 1 : t], k[:, :, :t], v[:, :, :t]) for t in seen], dim=2)

    def scores(q: Tensor, k: Tensor) -> Tensor:
        return q @ k.transpose(2, 3)

    root = math.sqrt(q.shape[3])
    return {
        "the scores are not divided by the square root of D": steps(lambda q, k, v: scores(q, k).softmax(-1) @ v),
        "divide by the square root of D, the last axis of q, not by that of the number of keys": steps(
            lambda q, k, v: (scores(q, k) / math.sqrt(k.shape[2])).softmax(-1) @ v
        ),
        "take the softmax over the keys, dim=-1": steps(lambda q, k, v: (scores(q, k) / root).softmax(-2) @ v),
        "a new token sees only the first key: its own position is the number of tokens before it": steps(
            lambda q, k, v: v[:, :, :1]
        ),
        "a new token sees only itself: earlier keys are hidden or were not kept": steps(lambda q, k, v: v[:, :, -1:]),
        "the values are kept in another order than the keys": steps(
            lambda q, k, v: (scores(q, k) / root).softmax(-1) @ v.flip(2)
        ),
    }


def check_7(yours: Solution) -> None:
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 2, 2, 6, 4).unbind()
    right = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    cache = yours.Cache()
    need(cache.length == 0, f"a new cache has length 0, not {cache.length}")
    kept = k.clone()
    steps = []
    for t in range(6):
        steps.append(cache.attend(*(x[:, :, t : t + 1] for x in (q, k, v))))
        need(cache.length == t + 1, f"after {t + 1} tokens the length is {t + 1}, not {cache.length}")
    need(all(step.shape == (2, 2, 1, 4) for step in steps), "one new token gives (B, H, 1, D)")
    need(near(steps[0], right[:, :, :1]), "the first token sees itself, and so gets its own value")
    need(torch.equal(k, kept), "the tensors that came in were changed")
    together = torch.cat(steps, dim=2)
    for words, slip in _cache_slips(q, k, v).items():
        need(not near(together, slip), words)
    need(near(together, right), "token by token must give what the whole text at once gives")
    second = yours.Cache()
    need(second.length == 0, "two caches share what they keep; make the store in __init__")
    whole = second.attend(q, k, v)
    need(whole.shape == right.shape, f"6 tokens at once give {tuple(right.shape)}, not {tuple(whole.shape)}")
    need(second.length == 6, f"after 6 tokens at once the length is 6, not {second.length}: count tokens, not calls")
    need(near(whole, right), "several tokens at once: none may see the new tokens after it")
    third = yours.Cache()
    pieces = [third.attend(*(x[:, :, a:b] for x in (q, k, v))) for a, b in ((0, 2), (2, 5), (5, 6))]
    need(near(torch.cat(pieces, dim=2), right), "2, then 3, then 1 tokens: the triangle belongs at the END of the keys")


def check_8(yours: Solution) -> None:
    tables = torch.randn(64, 4, generator=torch.Generator().manual_seed(1)).log_softmax(dim=-1).tolist()
    asked: list[tuple[int, ...]] = []

    def step(tokens: tuple[int, ...]) -> list[float]:
        need(isinstance(tokens, tuple), "step wants a tuple of tokens")
        need(3 not in tokens, f"step was asked to continue {tokens}, which has ended with eos")
        asked.append(tokens)
        number = sum((token + 1) * 5**i for i, token in enumerate(tokens))
        return tables[number % 64]

    def logp(tokens: tuple[int, ...]) -> float:
        return sum(step(tokens[:i])[token] for i, token in enumerate(tokens))

    greedy: tuple[int, ...] = ()
    while len(greedy) < 5 and (not greedy or greedy[-1] != 3):
        row = step(greedy)
        greedy += (row.index(max(row)),)
    one = yours.beam_search(step, beams=1, eos=3, limit=5)
    need(len(one) == 1, f"one beam gives one answer, not {len(one)}")
    need(tuple(one[0][0]) == greedy, f"one beam is greedy search: {greedy}, not {one[0][0]}")
    need(abs(one[0][1] - logp(greedy)) < 1e-6, "the score is the sum of ln p of all tokens, the end token included")
    texts = [t for n in range(1, 4) for t in itertools.product(range(4), repeat=n) if 3 not in t[:-1]]
    every = sorted(((logp(t), t) for t in texts if t[-1] == 3 or len(t) == 3), reverse=True)
    wide = yours.beam_search(step, beams=100, eos=3, limit=3)
    order = "answers come best first, by the sum of ln p alone; it is not divided by the length"
    need(
        len(wide) < len(every)
        or {tuple(t) for t, _ in wide} != {t for _, t in every}
        or tuple(wide[0][0]) == every[0][1],
        order,
    )
    need(tuple(wide[0][0]) == every[0][1], "beams wide enough must find the likeliest of all answers")
    need(abs(wide[0][1] - every[0][0]) < 1e-6, "the score is the sum of ln p of all tokens, the end token included")
    need(len(wide) == len(every), f"100 beams find all {len(every)} answers here, also those that reach the limit")
    need([tuple(t) for t, _ in wide] == [t for _, t in every], "answers come best first")
    asked.clear()
    two = yours.beam_search(step, beams=2, eos=3, limit=5)
    need(len(two) <= 2, f"two beams give at most 2 answers, not {len(two)}")
    for n in range(5):
        need(len({t for t in asked if len(t) == n}) <= 2, "more than `beams` answers were continued in one step")
    need(all(len(t) <= 5 for t, _ in two), "an answer is longer than the limit")

    def detour(tokens: tuple[int, ...]) -> list[float]:
        """The likeliest first token leads to nothing good; both continuations of the second are better."""
        row = {(): [0.5, 0.4, 0.1, 0.0], (0,): [0.3, 0.3, 0.2, 0.2], (1,): [0.5, 0.5, 0.0, 0.0]}.get(
            tokens, [0, 0, 0, 1]
        )
        return [math.log(p) if p else -math.inf for p in row]

    found = {tuple(t) for t, _ in yours.beam_search(detour, beams=2, eos=3, limit=3)}
    need(found == {(1, 0, 3), (1, 1, 3)}, "all continuations compete with each other, whichever answer they come from")


def check_9(yours: Solution) -> None:
    torch.manual_seed(0)
    ids = torch.arange(12).view(2, 6)
    inputs, targets = yours.shift(ids)
    need(inputs.shape == (2, 5), f"shift of (2, 6) gives (2, 5), not {tuple(inputs.shape)}")
    need(not torch.equal(inputs, targets), "the target is the NEXT token; equal inputs and targets teach copying")
    need(torch.equal(targets, inputs + 1), "the target at a place is the token one place later in the same row")
    need(inputs[0, 0] == 0, "the inputs begin with the first token")
    even = yours.loss(torch.zeros(2, 3, 7), torch.ones(2, 3).long())
    need(
        isinstance(even, Tensor) and even.dim() == 0, f"the loss is one number, a tensor without axes, not {_of(even)}"
    )
    need(even > 0, "the loss is -ln p, so it is positive")
    need(
        abs(even - math.log(7)) < 1e-4, f"seven equally likely tokens give ln 7 = 1.946, not {even:.3f}: mean, not sum?"
    )
    sure = torch.zeros(1, 2, 7)
    sure[0, :, 4] = 30
    certain = yours.loss(sure, torch.full((1, 2), 4))
    need(certain < 0.01, f"sure and right gives 0, not {certain:.3f}; is there a softmax too many?")
    logits, targets = torch.randn(2, 4, 7, requires_grad=True), torch.randint(7, (2, 4))
    need(near(yours.loss(logits, targets), F.cross_entropy(logits.flatten(0, 1), targets.flatten())), "not -ln p")
    targets[0, 2:] = targets[1, 0] = -100
    right = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
    ours = yours.loss(logits, targets)
    need(not near(ours, right * 5 / 8), "ignored targets do not count in the number that the sum is divided by")
    need(near(ours, right), "targets that are -100 must not count at all")
    padded = targets.masked_fill(targets == -100, 0)
    zero = F.cross_entropy(logits.flatten(0, 1), padded.flatten(), ignore_index=0)
    need(near(yours.loss(logits, padded, ignore=0), zero), "`ignore` may be another number, such as a padding id")
    (gradient,) = torch.autograd.grad(ours, logits)
    need(near(gradient, torch.autograd.grad(right, logits)[0]), "the gradient is another one; detach nothing")
    big = yours.loss(torch.tensor([[[9000.0, 0.0]]]), torch.tensor([[1]]))
    need(abs(big - 9000) < 1, f"logits of 9,000 give {big}: subtract the largest, or use log_softmax or logsumexp")
    smooth = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), label_smoothing=0.1)
    need(
        near(yours.loss(logits, targets, smoothing=0.1), smooth),
        "smoothing: (1 - s) for the target, s / V for each token",
    )


def _of(x: object) -> str:
    return str(tuple(x.shape)) if isinstance(x, Tensor) else type(x).__name__


CHECKS = [check_1, check_2, check_3, check_4, check_5, check_6, check_7, check_8, check_9]

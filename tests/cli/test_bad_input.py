"""A mistake costs one line and exit code 2, says what to do, and nothing is lost (`complaint` sees to all of that)."""

import gzip
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CORPUS = ["train", "corpus"]
TRANSLATION = ["train", "translation"]


def words(message: str, *expected: str) -> None:
    for word in expected:
        assert word in message


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("empty.txt", b"", ["empty.txt", "empty"]),
        ("blank.txt", b"\n \n\t\n", ["blank.txt", "empty"]),
        ("one.txt", b"only one line\n", ["bring a longer text", "129"]),
        ("letter.txt", b"x", ["too small to split", "1 characters"]),
        ("binary.txt", b"\x7fELF\x02\x01\0\0" * 99, ["binary.txt", "binary", "byte 6"]),
        ("image.txt", b"\x89PNG\r\n" * 99, ["image.txt", "not UTF-8", "0x89"]),
        ("latin.txt", "café".encode("latin1") * 99, ["latin.txt", "line 1", "iconv"]),
        ("utf16.txt", "some text\n".encode("utf-16") * 9, ["utf16.txt", "UTF-16", "iconv"]),
        ("torn.txt.gz", gzip.compress(b"some text\n" * 999, mtime=0)[:-9], ["torn.txt.gz", "damaged"]),
        ("bad.jsonl", b'{"text": "x"}\n{"text": \n', ["bad.jsonl, line 2", "not JSON"]),
    ],
)
def test_a_text_that_is_none(desk, complaint, name, content, expected):
    (desk / name).write_bytes(content)
    words(complaint(*CORPUS, name), *expected)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("empty.tsv", b"", ["empty.tsv", "empty"]),
        ("one.tsv", b"a line\tuna riga\n", ["too small to split: 1 pairs", "--data.test", "--data.memorise"]),
        ("binary.tsv", b"a\tb\0" * 99, ["binary.tsv", "binary", "byte 3"]),
        ("lines.tsv", b"a\tb\nno tab here\n", ["lines.tsv, line 2:", "one column", "tab in, or delete"]),
        ("more.tsv", b"a\tb\nno tab here\n\nnor here\nnor there\n", ["line 2 (and 2 more lines)", "one column"]),
        ("half.tsv", b"a\t\n\tb\n" * 9, ["too small to split: 0 pairs"]),
    ],
)
def test_pairs_that_are_none(desk, complaint, name, content, expected):
    (desk / name).write_bytes(content)
    words(complaint(*TRANSLATION, name), *expected)


def test_files_that_are_not_aligned_give_both_numbers(desk, complaint):
    (desk / "short.it").write_text("io\ntu\n")
    words(complaint(*TRANSLATION, "pairs.en", "short.it"), "pairs.en has 80 lines", "short.it has 2", "line n")


def test_data_that_is_not_there_or_of_another_kind(desk, complaint):
    (desk / "nothing").mkdir()
    words(complaint(*CORPUS, "gone.txt"), "gone.txt: there is no such file")
    words(complaint(*CORPUS, "nothing"), "holds none of .txt")
    words(complaint(*CORPUS, "text.txt", "pairs.en"), "one file or folder", "'pairs.en'")
    words(complaint(*CORPUS, "pairs.tsv"), "a .tsv holds sentence pairs or other columns, not running text")
    words(complaint(*CORPUS, "phrasebook-fr"), "phrasebook-fr is a corpus of pairs")
    words(complaint(*TRANSLATION, "stdlib"), "stdlib is running text")
    words(complaint(*TRANSLATION, "phrasebook-fr", "pairs.en"), "complete in itself")
    words(complaint(*TRANSLATION, "phrasebok-fr"), "did you mean 'phrasebook-fr'")
    words(complaint(*TRANSLATION, "--name", "x", "pairs.tsv"), "wrong place: pairs.tsv")


def test_vocabularies_too_small(desk, complaint):
    words(complaint(*CORPUS, "text.txt", "--tokenizer.vocab-size", "256"), "(256)", "257", "1 special token")
    pairs = [*TRANSLATION, "pairs.tsv", "--data.valid", "8", "--data.test", "8"]
    words(complaint(*pairs, "--tokenizer.vocab-size", "258"), "(258)", "259", "3 special tokens")
    words(complaint("tokenizer", "train", "text.txt", "100", "--out", "x"), "(100)", "257")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("--model.heads 7", ["heads (7) must divide width (256)", "; try width="]),
        ("--model.width 30", ["heads (4) must divide width (30)", "; try width="]),
        ("--model.width 20", ["rotary", "must be even", "; try width="]),
        ("--model.kv-heads 3", ["kv_heads (3) must divide heads (4)"]),
        ("--model.heads 0", ["heads (0) must be at least 1", "try heads=1"]),
        ("--model.layers -1", ["layers (-1) must be at least 1"]),
        ("--model.dropout 1.5", ["dropout (1.5)", "try 0.1"]),
        ("--model.windows 0", ["windows (0,)", "try (None, 128)"]),
        ("--model.mlp swish", ["'swish'", "swiglu"]),
        ("--model.vocab-size 500", ["set --tokenizer.vocab-size instead"]),
        ("--model.encoder-layers 2", ["decoder-only"]),
        ("--model.context 5000", ["a window needs 5,001"]),
        ("--model.width 100000000000000 --model.heads 1", ["at most 1048576", "try width=1048576"]),
        ("--train.steps abc", ["--train.steps takes a whole number, not 'abc'"]),
        ("--train.steps 0", ["steps (0) must be at least 1"]),
        ("--train.lr fast", ["--train.lr takes a number, not 'fast'"]),
        ("--train.lr nan", ["lr (nan)", "try --train.lr"]),
        ("--train.warmup 99 --train.steps 50", ["warmup (99 steps)", "(50 steps)", "try --train.warmup 5"]),
        ("--train.seed -1", ["seed (-1)", "try --train.seed 0"]),
        ("--train.device abacus", ["'abacus'", "cpu"]),
        ("--max-minutes 0", ["max_minutes (0)", "try --max-minutes"]),
        ("--max-minutes -1", ["max_minutes (-1)", "try --max-minutes"]),
        ("--max-minutes nan", ["max_minutes (nan)", "try --max-minutes"]),
        ("--max-minutes None", ["needs an end", "--train.steps"]),
        ("--data.valid 2", ["data.valid (2.0)", "try --data.valid 0.1"]),
        ("--data.batch 0", ["data.batch (0)", "try --data.batch 1"]),
        ("--tokenizer.pattern gpt5", ["'gpt5'", "did you mean 'gpt4'"]),
        ("--tokenizer.pattern (", ["'('", "not a regular expression"]),
        ("--data.corpus other.txt", ["'text.txt' and --data.corpus (other.txt)", "leave one out"]),
        ("--name ../elsewhere", ["'../elsewhere'", "--name"]),
        ("--name a/b", ["'a/b'", "--name"]),
        ("--name .", ["'.'", "--name"]),
        ("--preset gpt2-tinny", ["did you mean 'gpt2-tiny'"]),
        ("--preset transformer-tiny", ["decoder-only"]),
        ("--preset", ["--preset needs a value"]),
        ("--modle.width 64", ["--modle.width", "did you mean --model.width"]),
        ("--train.step 64", ["--train.step", "did you mean --train.steps"]),
        ("--data.reverse", ["unknown option --data.reverse"]),
    ],
)
def test_settings_that_cannot_be(desk, complaint, flags, expected):
    words(complaint(*CORPUS, "text.txt", *flags.split()), *expected)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("--data.batch-tokens 10", ["data.batch_tokens (10)", "data.max_length (64)", "try --data.batch-tokens"]),
        (
            "--data.valid 500 --data.test 500",
            ["too small to split: 80 pairs", "500", "--data.valid 8 --data.test 8"],
        ),
        ("--num-beams 0", ["num_beams (0)", "try --num-beams 1"]),
        ("--preset gpt2-tiny", ["encoder-decoder"]),
        ("--model.encoder-layers None", ["encoder"]),
        ("--task poetry", ["'poetry'", "dialogue"]),
    ],
)
def test_settings_that_cannot_be_for_pairs(desk, complaint, flags, expected):
    words(complaint(*TRANSLATION, "pairs.tsv", *flags.split()), *expected)


def test_unknown_words_bring_the_nearest(home, complaint):
    words(complaint("trian"), "'trian'", "did you mean 'train'")
    words(complaint("xyzzy"), "'xyzzy'", "translate")
    words(complaint("train", "dialog"), "'dialog'", "did you mean 'dialogue'")
    words(complaint("train", "xyzzy"), "'xyzzy'", "fra-eng")
    words(complaint("translate", "translater", "Hi."), "'translater'", "did you mean 'translator'")
    words(complaint("translate", "xyzzy", "Hi."), "'xyzzy'", "talker, translator, writer")
    words(complaint("translate", "translator", "Hi.", "--num-beam", "3"), "did you mean --num-beams")
    words(complaint("evaluate", "translator", "--split", "tests"), "'tests'", "validation")
    words(complaint("translate", "translator", "Hi.", "--checkpoint", "newest"), "'newest'", "latest")
    words(complaint("translate", "translator", "Hi.", "--checkpoint", "7"), "step-00000007", "try --checkpoint 80")
    words(complaint("data", "lst"), "did you mean 'list'")
    words(complaint("tokenizer", "encod"), "did you mean 'encode'")
    words(complaint("translate"), "RUN is missing")


def test_a_run_that_is_there_is_not_replaced(home, complaint):
    message = complaint("train", "corpus", "text.txt", "--name", "writer")
    words(message, "runs/writer is already there", "groundup resume writer", "--overwrite", "--name")


@pytest.mark.parametrize("mistake", [["gone.txt"], ["text.txt", "--tokenizer.vocab-size", "9"], ["one.txt"]])
def test_overwriting_with_a_mistake_keeps_the_run_that_was_there(desk, trained, cli, complaint, mistake):
    shutil.copytree(trained / "runs" / "writer", desk / "runs" / "writer")
    (desk / "one.txt").write_text("one line")
    complaint("train", "corpus", *mistake, "--name", "writer", "--overwrite")
    assert cli("generate", "writer", "--max-new-tokens", "3").code == 0


def test_only_runs_are_overwritten(desk, complaint):
    (desk / "runs" / "thesis").mkdir(parents=True)
    (desk / "runs" / "thesis" / "chapter.txt").write_text("years of work")
    words(complaint("train", "corpus", "text.txt", "--name", "thesis", "--overwrite"), "is not a run")


@pytest.mark.parametrize("verb", [["translate"], ["generate"], ["chat"], ["evaluate"], ["attention"], ["resume"]])
def test_a_folder_that_is_no_run(desk, complaint, verb):
    rest = ["some text"] if verb[0] in ("translate", "attention") else []
    (desk / "photos").mkdir()
    words(complaint(*verb, "photos", *rest), "photos is not a run")
    for content in ("", "[1, 2", "[1, 2]", "7", '{"a": 1}', '{"format": 1}', '{"format": 2}'):
        (desk / "photos" / "recipe.json").write_text(content)
        words(complaint(*verb, "photos", *rest), "photos/recipe.json: not a recipe")
    (desk / "photos" / "recipe.json").write_bytes(b"\xff\0\xfe")
    words(complaint(*verb, "photos", *rest), "photos/recipe.json: not a recipe")


def test_runs_of_the_wrong_kind_name_the_right_verb(home, complaint):
    words(complaint("translate", "writer", "Hi."), "language model", "groundup generate writer")
    words(complaint("chat", "writer"), "language model", "groundup generate writer")
    words(complaint("chat", "translator"), "translation run", "groundup translate")
    words(complaint("generate", "translator", "Hi."), "translation run", "groundup translate translator")
    words(complaint("generate", "talker", "Hi."), "dialogue run", "groundup chat talker")
    words(complaint("evaluate", "writer", "--data", "pairs.en", "--other", "pairs.it"), "not on two aligned files")
    words(complaint("evaluate", "writer", "--worst", "3"), "--worst")
    words(complaint("attention", "writer", "Hi.", "--num-beams", "2"), "--num-beams")
    words(complaint("attention", "translator", "Hi.", "--max-new-tokens", "2"), "--max-new-tokens")


def test_prompts_longer_than_the_context_give_both_numbers(home, complaint):
    message = complaint("generate", "speller", "the sea " * 10)
    words(message, "80 tokens", "context is 32")
    message = complaint("translate", "translator", "a " * 10000)
    assert re.search(r"a sentence of \d{4,} tokens .* context of 128", message)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("generate writer --temperature 0", ["temperature (0.0)"]),
        ("generate writer --top-k 0", ["top_k (0)"]),
        ("generate writer --top-p 2", ["top_p (2.0)"]),
        ("generate writer --min-p -1", ["min_p (-1.0)"]),
        ("generate writer --repetition-penalty 0", ["repetition_penalty (0.0)"]),
        ("generate writer --no-repeat-ngram-size 0", ["no_repeat_ngram_size (0)"]),
        ("generate writer --max-new-tokens 0", ["max_new_tokens (0)"]),
        ("generate writer --seed 99999999999999999999", ["seed (99999999999999999999)"]),
        ("translate translator Hi --length-penalty nan", ["length_penalty (nan)", "try 1.0"]),
        ("translate translator Hi --length-penalty 1e9", ["length_penalty (1000000000.0)"]),
        ("translate translator Hi --length-penalty -1e9", ["length_penalty (-1000000000.0)"]),
        ("generate speller Ω", ["'Ω' (U+03A9)", "not in this vocabulary"]),
        ("translate translator Hi --num-beams 0", ["num_beams (0)"]),
        ("translate translator Hi --num-beams -2", ["num_beams (-2)"]),
        ("translate translator Hi --num-beams two", ["--num-beams takes a whole number, not 'two'"]),
        ("translate translator Hi --num-return-sequences 5", ["(5)", "num_beams (4)"]),
        ("translate translator Hi --max-new-tokens 0", ["max_new_tokens (0)"]),
        ("translate translator Hi --device abacus", ["'abacus'"]),
        ("evaluate translator --data gone.tsv", ["gone.tsv"]),
        ("evaluate translator --data text.txt", ["text.txt, line 1", "one column"]),
        ("evaluate translator --data half.tsv", ["half.tsv: none of 2 lines has text on both sides"]),
        ("train dialogue half.tsv --name new", ["half.tsv: ", "every text is empty"]),
        ("evaluate writer --data letter.txt", ["letter.txt: the text has 1 tokens"]),
        ("generate writer --file long.txt", ["long.txt, line 1: the prompt has"]),
        ("translate translator --file long.txt", ["long.txt, line 1: a sentence of"]),
        ("evaluate translator --data pairs.en --other talk.tsv", ["80 lines", "talk.tsv has 4"]),
        ("evaluate translator --other pairs.it", ["--data"]),
        ("evaluate translator --num-beams 0", ["num_beams (0)"]),
        ("evaluate writer --data pairs.tsv", ["not running text"]),
        ("evaluate writer --data gone.txt", ["gone.txt"]),
        ("attention translator Hi --num-beams 0", ["num_beams (0)"]),
        ("attention translator Hi --out text.txt", ["text.txt"]),
        ("resume writer --steps 0", ["steps (0)"]),
        ("resume writer --max-minutes 0", ["max_minutes (0)"]),
        ("resume gone", ["'gone'", "writer"]),
        ("tokenizer encode gone Hi", ["gone"]),
        ("data check gone", ["gone: there is no such folder", "groundup data prepare"]),
        ("evaluate writer --choices nosuch", ["'nosuch'", "hellaswag, or a .jsonl"]),
        ("tokenizer encode text.txt Hi", ["text.txt is not a tokenizer"]),
        ("tokenizer decode runs/writer 1 99999", ["99999", "300 tokens"]),
        ("tokenizer decode runs/writer one", ["'one'"]),
        ("tokenizer train text.txt many --out x", ["VOCAB_SIZE takes a whole number, not 'many'"]),
        ("tokenizer train text.txt 300", ["--out"]),
        ("data show gone.txt", ["gone.txt"]),
        ("data get gone", ["gone"]),
    ],
)
def test_wishes_that_cannot_be_granted(home, complaint, arguments, expected):
    (home / "half.tsv").write_text("a\t\n\tb\n")
    (home / "letter.txt").write_text("x")
    (home / "long.txt").write_text("word " * 10_000)
    words(complaint(*arguments.split()), *expected)


def damaged(trained: Path, desk: Path) -> Path:
    """A copy of the translator's best checkpoint, to be spoilt, in a run with another whole one."""
    shutil.copytree(trained / "runs" / "translator", desk / "runs" / "translator")
    checkpoints = desk / "runs" / "translator" / "checkpoints"
    return checkpoints / (checkpoints / "best").read_text().split()[0]


def test_a_flipped_bit_is_found_and_a_whole_step_offered(desk, trained, cli, complaint):
    best = damaged(trained, desk)
    weights = bytearray((best / "model.safetensors").read_bytes())
    weights[-5] ^= 1
    (best / "model.safetensors").write_bytes(weights)
    for arguments in (["translate", "translator", "I see the dog."], ["evaluate", "translator"]):
        message = complaint(*arguments)
        words(message, f"{best.name}/model.safetensors: damaged", "sha256", "MANIFEST.json", "--checkpoint ")
    other = message.rsplit("--checkpoint ", 1)[1]
    assert int(other) != int(best.name[5:])
    assert cli("translate", "translator", "I see the dog.", "--checkpoint", other).code == 0


def test_a_truncated_or_missing_file_of_a_checkpoint_is_named(desk, trained, complaint):
    best = damaged(trained, desk)
    file = best / "model.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    words(complaint("translate", "translator", "Hi."), str(len(whole)), str(len(whole) // 2), "model.safetensors")
    file.unlink()
    words(complaint("translate", "translator", "Hi."), "model.safetensors: missing", "--checkpoint ")


def test_a_damaged_tokenizer_is_named(desk, trained, complaint):
    damaged(trained, desk)
    (desk / "runs" / "translator" / "tokenizer.json").write_text('{"model": ')
    words(complaint("translate", "translator", "Hi."), "runs/translator/tokenizer.json is not a tokenizer")
    (desk / "runs" / "translator" / "tokenizer.json").unlink()
    words(complaint("translate", "translator", "Hi."), "runs/translator/tokenizer.json is missing", "--overwrite")


def test_a_run_whose_training_never_got_to_a_checkpoint(desk, trained, complaint):
    damaged(trained, desk)
    shutil.rmtree(desk / "runs" / "translator" / "checkpoints")
    words(complaint("translate", "translator", "Hi."), "runs/translator/checkpoints/best", "no such checkpoint")


def test_one_sentence_too_long_costs_only_its_line(home, cli):
    lines = ["I see the dog.", "word " * 10000, "", "you eat the bread."]
    said = cli("translate", "translator", stdin="\n".join(lines))
    alone = [cli("translate", "translator", line).out for line in (lines[0], lines[3])]
    assert said.out == f"{alone[0]}\n\n{alone[1]}"
    assert said.code == 2
    assert re.fullmatch(r"groundup: line 2: a sentence of \d+ tokens .* context of 128; .*\n", said.err)


def test_one_bad_line_of_a_thousand(home, cli):
    good = ["I see the dog.", "you eat the bread.", "they like it all."]
    answers = cli("translate", "translator", *good, "--num-beams", "1").out.splitlines()
    lines = [good[row % 3] for row in range(1100)]
    lines[500], lines[1050] = "word " * 3000, "I see the dog. " * 60
    said = cli("translate", "translator", "--num-beams", "1", stdin="\n".join(lines))
    expected = [answers[row % 3] for row in range(1100)]
    expected[500], expected[1050] = "", " ".join([answers[0]] * 60)
    assert said.out.splitlines() == expected
    assert said.code == 2
    assert re.fullmatch(r"groundup: line 501: a sentence of \d+ tokens .*\n", said.err)
    said = cli("translate", "translator", "--num-beams", "1", "--no-split", stdin="\n".join(lines[1049:]))
    assert said.out.splitlines() == [answers[1049 % 3], "", *(answers[row % 3] for row in range(1051, 1100))]
    assert said.err.startswith("groundup: line 2: a sentence of ")


def test_bytes_that_are_not_utf8_cost_their_line(home):
    script = "from groundup.cli.main import main; main(['translate', 'translator', '--num-beams', '1'])"
    lines = b"I see the dog.\ncaf\xe9\nI see the dog.\n"
    said = subprocess.run([sys.executable, "-c", script], input=lines, capture_output=True, check=False)
    first, second, third = said.stdout.decode().splitlines()
    assert (said.returncode, second) == (2, "")
    assert first == third != ""
    assert said.stderr == b"groundup: line 2: not UTF-8 text\n"


def test_a_test_sentence_too_long_counts_as_wrong_and_costs_no_other(home, cli, tmp_path):
    (tmp_path / "long.tsv").write_text("I see the dog.\tio vede il cane.\n" + "word " * 10000 + "\tparola\n")
    (tmp_path / "short.tsv").write_text("I see the dog.\tio vede il cane.\n")
    exact = {}
    for name in ("long", "short"):
        said = cli("evaluate", "translator", "--data", str(tmp_path / f"{name}.tsv"), "--num-beams", "1", "--json")
        exact[name] = {r["metric"]: r["value"] for r in json.loads(said.out)}["exact-match"]
    assert exact == {"short": 100.0, "long": 50.0}


def test_strange_sentences_have_an_answer_each(home, cli):
    lines = [
        "",
        "   ",
        "日本語 🙂 العربية",
        "\x07\x1b[31m\x00 control",
        "<pad><bos><eos>",
        "\ufeff",
        "$x$ \\frac{",
        "e\u0301",
    ]
    said = cli("translate", "translator", stdin="\n".join(lines) + "\n")
    assert (said.code, said.err) == (0, "")
    answers = said.out.removesuffix("\n").split("\n")
    assert len(answers) == len(lines)
    assert answers[:2] == ["", ""]


def test_chat_survives_a_line_too_long(home, cli):
    said = cli("chat", "talker", stdin="Hello!\n" + "word " * 10000 + "\nGood night.\n")
    assert said.out == "Good morning to you.\n\nSleep well, my friend.\n"
    assert re.fullmatch(r"groundup: line 2: \d{5} tokens do not fit the context of 128.*\n", said.err)
    assert said.code == 2


def test_tracebacks_are_for_those_who_ask_and_for_our_own_faults(cli, monkeypatch):
    said = cli("train", "dialog", "--debug")
    assert said.code == 2
    assert "Traceback" in said.err
    assert said.err.splitlines()[-1].startswith("groundup: unknown recipe")

    def fault(arguments):
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr("groundup.cli.chat.main", fault)
    with pytest.raises(RuntimeError, match="shapes"):
        cli("chat")


@pytest.mark.posix
def test_a_reader_that_has_seen_enough_is_no_mistake():
    command = f"{sys.executable} -c 'from groundup.cli.main import main; main()' train corpus --help | true"
    said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert said.stderr == ""


@pytest.mark.parametrize(("setting", "value"), [("layers", 10**9), ("width", 10**23), ("width", 2**20)])
@pytest.mark.parametrize("verb", ["generate bomb", "evaluate bomb", "export bomb --out out", "resume bomb"])
def test_a_model_that_no_memory_can_hold_is_refused_before_it_is_built(desk, trained, complaint, verb, setting, value):
    shutil.copytree(trained / "runs" / "writer", desk / "runs" / "bomb")
    file = desk / "runs" / "bomb" / "recipe.json"
    recipe = json.loads(file.read_text())
    recipe["name"], recipe["model"][setting] = "bomb", value
    file.write_text(json.dumps(recipe))
    said = complaint(*verb.split())
    assert "runs/bomb" in said or ("this training needs about" in said and verb == "resume bomb")

"""The Trainer of transformers tunes what we export: a language model and a translator, with their own collator."""

import dataclasses
from pathlib import Path

import pytest
import torch
from families import CAUSAL, SEQ2SEQ, build_random
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from groundup.hub.custom import to_custom
from groundup.text.tokenizer import Tokenizer

pytest.importorskip("accelerate", reason="accelerate, which the Trainer needs, is not installed")
TEXT = "Where is the station? It is behind the old house, and the house is behind the church. Où est la gare ?"
WORDS = TEXT.split()


@pytest.mark.parametrize("name", ["modern", "pre-norm"])
def test_the_loss_falls(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from transformers import DataCollatorForSeq2Seq, Trainer, TrainingArguments

    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    tokenizer = Tokenizer.train_from_texts(TEXT, 290, specials=("<pad>", "<bos>", "<eos>"))
    config = dataclasses.replace({**CAUSAL, **SEQ2SEQ}[name], vocab_size=tokenizer.vocab_size)
    folder = to_custom(build_random(config), tmp_path / "model", tokenizer=tokenizer)  # type: ignore[arg-type]
    auto = AutoModelForSeq2SeqLM if config.encoder_layers else AutoModelForCausalLM
    model = auto.from_pretrained(folder, trust_remote_code=True)
    theirs = AutoTokenizer.from_pretrained(folder, trust_remote_code=True)
    texts = [" ".join(WORDS[n : n + 3 + n % 3]) for n in range(12)]
    rows = [{"input_ids": ids, "labels": ids} for ids in theirs(texts).input_ids]
    arguments = TrainingArguments(
        output_dir=str(tmp_path / "out"),
        max_steps=12,
        per_device_train_batch_size=4,
        gradient_accumulation_steps=2,
        gradient_checkpointing=True,
        learning_rate=3e-3,
        logging_steps=4,
        report_to=[],
        save_strategy="no",
        use_cpu=True,
        disable_tqdm=True,
        seed=0,
    )
    collator = DataCollatorForSeq2Seq(theirs, model=model)
    trainer = Trainer(model=model, args=arguments, train_dataset=rows, data_collator=collator)  # type: ignore[arg-type]
    trainer.train()
    losses = [record["loss"] for record in trainer.state.log_history if "loss" in record]
    assert losses[-1] < losses[0]
    trainer.save_model(str(tmp_path / "tuned"))
    tuned = auto.from_pretrained(tmp_path / "tuned", trust_remote_code=True)
    for key, tensor in model.state_dict().items():
        assert torch.equal(tuned.state_dict()[key], tensor)

"""From text to ids and back: byte-pair encoding from its definition, split patterns, tokenizer files, streaming.

Reading order: bpe, patterns, vocabulary, tokenizer, stream, formats, files. No torch here.
"""

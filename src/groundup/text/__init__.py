"""Text and ids: byte-pair encoding from the definition up, split patterns, tokenizer files, streaming.

Reading order: bpe, patterns, vocabulary, tokenizer, stream, formats, files. No torch here.
"""

"""Complete named experiments: data, tokenizer, model, training, evaluation."""

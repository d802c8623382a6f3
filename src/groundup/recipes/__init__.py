"""Complete named experiments as records: data, tokenizer, model, training, what to show. `flow` runs them."""

"""The command line: one file a verb, each with a `main(arguments)`. Only the verbs that need torch import it."""

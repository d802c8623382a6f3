"""An HTTP server for trained models: OpenAI's API, LibreTranslate's API, health and metrics.

Reading order: job (what a request asks of a model), writing and translating (the two engines), worker (the thread that
runs them), served (from a folder to an engine), limits, then the routes openai and libretranslate, and app, which joins
them all.
"""

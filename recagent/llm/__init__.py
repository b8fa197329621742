"""Everything that asks a language model: clients, engines, retry, cached and structured replies."""

"""A vLLM server of one's own: the command line that ranking needs, and its life as a child process.

It is no client and imports no vLLM: the server is spoken to over HTTP, as every endpoint is.
"""

from recagent.llm.vllm.flags import Launch, command, environment, shell_line
from recagent.llm.vllm.program import find_program
from recagent.llm.vllm.serving import serve

__all__ = ["Launch", "command", "environment", "find_program", "serve", "shell_line"]

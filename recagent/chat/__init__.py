"""Conversations: critiques become constraints, and an agent acts through a few typed tools.

It holds no slate of its own making: everything that is recommended comes from the straight line.
"""

from recagent.chat.agent import Agent
from recagent.chat.conversation import Conversation, Wants
from recagent.chat.said import Noted, Question, ReplyPart, Shown, Words

__all__ = ["Agent", "Conversation", "Noted", "Question", "ReplyPart", "Shown", "Wants", "Words"]

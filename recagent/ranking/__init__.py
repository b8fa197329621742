"""Ordering the pool: the model's scores, the learned head and its gate, the blend, diversity.

Nothing here reads stores or indexes.
"""

from recagent.ranking.blend import blend, softmax
from recagent.ranking.diversity import mmr_order
from recagent.ranking.feedback_reward import REWARD, examination_probability, rewards
from recagent.ranking.gate import Gate
from recagent.ranking.head import FixedBlend, Head, JointScorer
from recagent.ranking.model_ranker import HISTORY, ModelRanker
from recagent.ranking.preference_boost import PreferenceBoost, preference_boost
from recagent.ranking.scoring.scores import PoolScores
from recagent.ranking.tested_groups import GroupTestResult

__all__ = [
    "HISTORY",
    "REWARD",
    "FixedBlend",
    "Gate",
    "GroupTestResult",
    "Head",
    "JointScorer",
    "ModelRanker",
    "PoolScores",
    "PreferenceBoost",
    "blend",
    "examination_probability",
    "mmr_order",
    "preference_boost",
    "rewards",
    "softmax",
]

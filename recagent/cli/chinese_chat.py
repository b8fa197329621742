"""Messages of conversations in Chinese, with their templates as they stand in the code."""

from collections.abc import Mapping

MESSAGES: Mapping[str, str] = {
    "model {} left out the likelihood of a turn": "模型 {0} 没有给出一句话的似然",
    "model {} tells no likelihoods": "模型 {0} 不能给出似然",
    "model {} wrote no critique: {}": "模型 {0} 没有写出要求：{1}",
    "no conversation: {}: {}; give what to_json gave, unchanged": "不是对话：{0}：{1}；请原样给出 to_json 的结果",
}

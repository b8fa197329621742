"""Messages of conversations in Chinese, with their templates as they stand in the code."""

from collections.abc import Mapping

MESSAGES: Mapping[str, str] = {
    "model {} left out the likelihood of a turn": "模型 {0} 没有给出一句话的似然",
    "model {} tells no likelihoods": "模型 {0} 不能给出似然",
    "model {} wrote no critique: {}": "模型 {0} 没有写出要求：{1}",
    "conversations in {} cannot be read: {}": "无法读取 {0} 中的对话：{1}",
    "nothing is kept of {}; {}": "没有保存 {0} 的回答；{1}",
    "two conversations are called {}; rename one": "有两个对话都叫 {0}；请改其中一个的名字",
    "no conversation: {}: {}; give what to_json gave, unchanged": "不是对话：{0}：{1}；请原样给出 to_json 的结果",
}

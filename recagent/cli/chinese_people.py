"""Error messages on people in Chinese, for ``chinese.MESSAGES``."""

from __future__ import annotations

from collections.abc import Mapping

MESSAGES: Mapping[str, str] = {
    "a link needs two user ids, and one is empty; name both": "关联需要两个用户编号，其中一个是空的；请都填写",
    "a profile needs a user id": "档案需要用户编号",
    "a tag needs a name; write it as NAME=WEIGHT": "标签需要名称；请写成 名称=权重",
    "an attribute needs a name; write it as NAME=VALUE": "属性需要名称；请写成 名称=值",
    "no language model is set that could tell a preference; set [model]": "没有设置能概括喜好的语言模型；请设置 [model]",
    "passport {} cannot be read: {}": "品味护照 {0} 无法读取：{1}",
    "weight {} of tag {} is not from 0 (blocked) to 1": "标签 {1} 的权重 {0} 不在 0（屏蔽）到 1 之间",
    "{} still tells what the person did and cannot be deleted ({}); delete it yourself": "{0} 仍保存着这个人的行为，无法删除（{1}）；请手动删除",
    (
        "{} is no scene identification that this version reads; run 'recagent fit' again, or "
        "delete the file"
    ): "{0} 不是本版本能读的场景识别；请重新运行 'recagent fit'，或删除该文件",
    (
        "{} is no taste passport of version {}: {}: {}; correct it there, or export it again"
    ): "{0} 不是版本 {1} 的品味护照：{2}：{3}；请在该处更正，或重新导出",
}

"""The server's error messages in Chinese, for ``chinese.MESSAGES``."""

from __future__ import annotations

from collections.abc import Mapping

MESSAGES: Mapping[str, str] = {
    "a comparison needs another item; name it as versus": "比较需要另一件商品；请用 versus 指明",
    "{} is missing: pip install 'recagent[server]'": "缺少 {0}：请运行 pip install 'recagent[server]'",
    "no slate {} was shown; take trace.id of one": "没有展示过编号为 {0} 的推荐；请使用某次推荐的 trace.id",
    "{} has {} characters; {} are the most": "{0} 有 {1} 个字符；最多 {2} 个",
    "no model {}; there are {} and {} with one of {}": "没有模型 {0}；可用的有 {1}，以及 {2}（SCENE 取 {3} 之一）",
    "the last message must be the user's, with a text": "最后一条消息必须来自用户（user），并且含有文字",
    "--host {} lets others in, and [server] keys is empty; set RECAGENT_SERVER__KEYS": "--host {0} 会让其他机器访问，而 [server] keys 为空；请设置 RECAGENT_SERVER__KEYS",
    "cannot listen on {}, port {}: {}; choose another by --port": "无法在 {0} 的端口 {1} 上监听：{2}；请用 --port 另选一个",
}

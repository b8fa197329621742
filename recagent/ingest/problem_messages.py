"""What a report says, in English and Chinese: problems and notes with their next step, changes.

Sentences only; nothing here looks at data.
"""

from __future__ import annotations

from collections.abc import Mapping

from recagent.domain import Language

# What is so, the next step, and where it is another one the next step on the command line.
Sentence = tuple[str, str] | tuple[str, str, str]

WORDS: Mapping[str, Mapping[Language, Sentence]] = {
    "empty": {
        "en": ("{field!r} is empty", "fill it or drop the row"),
        "zh": ("{field!r} 为空", "请填写，或删除该行"),
    },
    "duplicate id": {
        "en": ("item id '{value}' is in scene '{scene}' twice", "keep one"),
        "zh": ("商品编号 '{value}' 在场景 '{scene}' 中出现两次", "请只保留一个"),
    },
    "duplicate person": {
        "en": ("person '{value}' comes twice and not alike", "keep one row"),
        "zh": ("用户 '{value}' 出现两次且内容不同", "请只保留一行"),
    },
    "two titles": {
        "en": (
            "item id '{value}' is '{title}' here and '{other}' in scene '{scene}'",
            "one id must be one thing: give them different ids",
        ),
        "zh": (
            "商品编号 '{value}' 在此处是 '{title}'，在场景 '{scene}' 中是 '{other}'",
            "同一编号必须是同一事物：请使用不同的编号",
        ),
    },
    "bad task": {
        "en": ("task '{value}' is none of {known}", "correct it or leave it empty"),
        "zh": ("任务类型 '{value}' 不在 {known} 之中", "请更正或留空"),
    },
    "bad kind": {
        "en": (
            "event kind '{value}' is none of {known}",
            'say what it means, as kinds = {{ "{value}" = "view" }} of the file, or correct it',
            'say what it means, as --kinds "{value}=view", or correct it',
        ),
        "zh": (
            "行为类型 '{value}' 不在 {known} 之中",
            '请指明含义，如文件设置里的 kinds = {{ "{value}" = "view" }}，或更正',
            '请指明含义，如 --kinds "{value}=view"，或更正',
        ),
    },
    "kind meant": {
        "en": (
            "event kind '{value}' is none of {known}; did you mean '{like}'?",
            'then say so, as kinds = {{ "{value}" = "{like}" }} of the file, or correct it',
            'then say so, as --kinds "{value}={like}", or correct it',
        ),
        "zh": (
            "行为类型 '{value}' 不在 {known} 之中；您是否指 '{like}'？",
            '若是，请指明，如文件设置里的 kinds = {{ "{value}" = "{like}" }}，否则请更正',
            '若是，请指明，如 --kinds "{value}={like}"，否则请更正',
        ),
    },
    "bad time": {
        "en": (
            "{field!r} '{value}' is no time",
            "use seconds since 1970 or ISO 8601, as 2026-05-01T20:00:00, or set date_format on the "
            'file, as "%d %b %Y"',
            "use seconds since 1970 or ISO 8601, as 2026-05-01T20:00:00, or say how it is written: "
            '--date-format "%d %b %Y"',
        ),
        "zh": (
            "{field!r} 的值 '{value}' 不是有效的时间",
            "请用 1970 年以来的秒数或 ISO 8601，如 2026-05-01T20:00:00，或在文件设置里写明 "
            'date_format，如 "%d %b %Y"',
            "请用 1970 年以来的秒数或 ISO 8601，如 2026-05-01T20:00:00，或指明写法："
            '--date-format "%d %b %Y"',
        ),
    },
    "no order": {
        "en": (
            "no {field!r} tells whether day or month comes first, as '{example}'",
            'say it, as date_format = "day-first" (or "month-first") of the file',
            "say it: --date-format {name}=day-first, or {name}=month-first",
        ),
        "zh": (
            "{field!r} 各值都看不出先写日还是先写月，如 '{example}'",
            '请在文件设置里写明 date_format = "day-first"（先日后月）或 "month-first"',
            "请指明：--date-format {name}=day-first（先日后月），或 {name}=month-first（先月后日）",
        ),
    },
    "two orders": {
        "en": (
            "{field!r} says the day first in some rows and the month first in others, as "
            "'{example}' and '{other}'",
            "write all dates in one way, as 2026-05-31",
        ),
        "zh": (
            "{field!r} 有的行先写日、有的行先写月，如 '{example}' 和 '{other}'",
            "请统一写法，如 2026-05-31",
        ),
    },
    "future time": {
        "en": ("{field!r} '{value}' is in the future", "check the unit and the time zone"),
        "zh": ("{field!r} 的值 '{value}' 晚于当前时间", "请检查单位和时区"),
    },
    "bad number": {
        "en": ("{field!r} '{value}' is not a number", "correct it or leave it empty"),
        "zh": ("{field!r} 的值 '{value}' 不是数字", "请更正或留空"),
    },
    "bad rating": {
        "en": (
            "a rating needs a value from {low} to {high}, got '{value}'",
            "correct it, or set low and high of [ratings]",
            "correct it, or say what ratings are out of: --ratings 1..5",
        ),
        "zh": (
            "评分必须在 {low} 到 {high} 之间，实际为 '{value}'",
            "请更正，或设置 [ratings] 的 low 和 high",
            "请更正，或指明满分：--ratings 1..5",
        ),
    },
    "one rating": {
        "en": (
            "every rating ({count}) is {only}, so what it is out of cannot be told",
            "set [ratings] low and high",
            "say it: --ratings 1..5",
        ),
        "zh": (
            "评分全是 {only}（{count} 个），看不出满分是多少",
            "请设置 [ratings] 的 low 和 high",
            "请指明：--ratings 1..5",
        ),
    },
    "unknown scale": {
        "en": (
            "ratings from {lowest} to {highest}: what they are out of cannot be told",
            "set [ratings] low and high; if they say how much was done (hours, pieces), map them "
            'so: columns = {{ weight = "{field}" }}',
            "say it: --ratings 1..5; if they say how much was done (hours, pieces), map them so: "
            "--map weight={field}",
        ),
        "zh": (
            "评分从 {lowest} 到 {highest}，看不出满分是多少",
            "请设置 [ratings] 的 low 和 high；若它表示数量（时长、件数），请映射为："
            'columns = {{ weight = "{field}" }}',
            "请指明：--ratings 1..5；若它表示数量（时长、件数），请映射为：--map weight={field}",
        ),
    },
    "zeros": {
        "en": (
            "{zeros} of {total} ratings are 0: the lowest one, or none at all",
            "set [ratings] low and high, and unrated = [0] if it is none",
            "say it: --ratings 0..5, or --ratings 1..5,unrated=0 if it is none",
        ),
        "zh": (
            "{total} 个评分中有 {zeros} 个是 0：是最低分，还是没有评分",
            "请设置 [ratings] 的 low 和 high；若表示没有评分，再写 unrated = [0]",
            "请指明：--ratings 0..5；若表示没有评分则 --ratings 1..5,unrated=0",
        ),
    },
    "two ways": {
        "en": (
            "ratings are written in several ways ({ways}), so what the others are out of cannot be "
            "told",
            "write all of them in one way",
        ),
        "zh": ("评分有多种写法（{ways}），看不出其余的满分是多少", "请统一写法"),
    },
    "two scales": {
        "en": (
            "ratings are out of {high} here and out of {other} in '{file}'",
            "bring them on one scale, or load one of the files as another kind",
        ),
        "zh": (
            "这里的评分满分是 {high}，而 '{file}' 中是 {other}",
            "请换算成同一种评分，或把其中一个文件作为另一种行为载入",
        ),
    },
    "bad type": {
        "en": (
            "{field!r} '{value}' is not of type {type}",
            "correct it, empty it, or change type, decimal or date_format of [attributes.{key}]",
            "correct it or leave it empty",
        ),
        "zh": (
            "{field!r} 的值 '{value}' 不是 {type} 类型",
            "请更正、留空，或修改 [attributes.{key}] 的 type、decimal 或 date_format",
            "请更正或留空",
        ),
    },
    "no scene": {
        "en": (
            "item '{value}' has no scene",
            "add a 'scene' column, set scene on the file, add the item to the catalogue, or leave "
            'such out: [cleaning] orphans = "drop" (--drop-orphans)',
            "add the item to the catalogue, or leave such out: --drop-orphans",
        ),
        "zh": (
            "商品 '{value}' 没有场景",
            "请添加 'scene' 列、在文件设置里写明 scene、把该商品加入商品目录，或将其排除："
            '[cleaning] orphans = "drop"（--drop-orphans）',
            "请把该商品加入商品目录，或将其排除：--drop-orphans",
        ),
    },
    "nested": {
        "en": ("{field!r} {value} is a list or an object", "give one plain value"),
        "zh": ("{field!r} 的值 {value} 是列表或对象", "请提供单个值"),
    },
    "ragged": {
        "en": (
            "the row has {value} fields, the header {expected}",
            "quote fields that hold the separator, and repair the row",
        ),
        "zh": ("该行有 {value} 个字段，表头有 {expected} 个", "请给含分隔符的字段加引号并修复该行"),
    },
    "bad quotes": {
        "en": (
            "the quotes are broken ({value})",
            "close every quote, and double those inside a quoted field",
        ),
        "zh": ("引号有误（{value}）", "请闭合每个引号；带引号的字段内的引号要写两次"),
    },
    "bad json": {
        "en": ("the line is no JSON object ({value})", "correct the line"),
        "zh": ("该行不是 JSON 对象（{value}）", "请更正该行"),
    },
    "not text": {
        "en": (
            "{field!r} '{value}' is not {encoding}; in {guess} it reads '{reads}'",
            "save the file as UTF-8, or set encoding (all of it) or fallback (single values)",
            "save the file as UTF-8",
        ),
        "zh": (
            "{field!r} 的值 '{value}' 不是 {encoding}；按 {guess} 读作 '{reads}'",
            "请将文件另存为 UTF-8，或设置 encoding（整个文件）或 fallback（个别值）",
            "请将文件另存为 UTF-8",
        ),
    },
    "garbled": {
        "en": (
            "{field!r} '{value}' is UTF-8 that was read in another encoding, and parts are lost",
            "export the column {field!r} anew, as UTF-8",
        ),
        "zh": (
            "{field!r} 的值 '{value}' 是被误当作其他编码的 UTF-8（乱码），且已有缺损",
            "请以 UTF-8 重新导出 {field!r} 列",
        ),
    },
    "control": {
        "en": ("{field!r} '{value}' holds a control character", "remove it"),
        "zh": ("{field!r} 的值 '{value}' 含有控制字符", "请删除"),
    },
    "unknown items": {
        "en": (
            "{value} of {total} events are on items that the catalogue does not have; its ids are "
            "like '{id}'",
            "see that {field!r} holds the same ids as the files of items",
        ),
        "zh": (
            "{total} 次行为中有 {value} 次的商品不在商品目录中；目录里的编号形如 '{id}'",
            "请确认 {field!r} 与商品文件里的编号一致",
        ),
    },
    "other ids": {
        "en": (
            "{value} of {total} events are on items that the catalogue does not have; its ids are "
            "like '{id}', and another column fits",
            "read that one: {advice}",
        ),
        "zh": (
            "{total} 次行为中有 {value} 次的商品不在目录中；目录编号形如 '{id}'，另一列与之相符",
            "请改读那一列：{advice}",
        ),
    },
    "unread rule": {
        "en": (
            "a rule of scene '{value}' reads {field!r}, which no item of the scene has: nothing is "
            "recommended there",
            "correct it, or take it out; there are {names}",
        ),
        "zh": (
            "场景 '{value}' 的规则读取 {field!r}，但该场景没有商品带有它：那里将无法推荐",
            "请更正或删除该规则；现有 {names}",
        ),
    },
    # Notes: they cost nothing.
    "empty quota": {
        "en": (
            "scene '{value}' keeps places for {field!r}, and no item of the scene is one",
            "give the items their 'task', or take it out of tasks",
        ),
        "zh": (
            "场景 '{value}' 为 {field!r} 留了位置，但该场景没有这种商品",
            "请给商品写明 task，或从 tasks 中删除",
        ),
    },
    "day-first": {
        "en": (
            "{field!r} is read day first, as '{example}' tells",
            'nothing, if that is right; else set date_format = "month-first" on the file',
            "nothing, if that is right; else --date-format {name}=month-first",
        ),
        "zh": (
            "{field!r} 按先日后月读取，依据是 '{example}'",
            '若正确则无需处理；否则请在文件设置里写 date_format = "month-first"',
            "若正确则无需处理；否则请用 --date-format {name}=month-first",
        ),
    },
    "month-first": {
        "en": (
            "{field!r} is read month first, as '{example}' tells",
            'nothing, if that is right; else set date_format = "day-first" on the file',
            "nothing, if that is right; else --date-format {name}=day-first",
        ),
        "zh": (
            "{field!r} 按先月后日读取，依据是 '{example}'",
            '若正确则无需处理；否则请在文件设置里写 date_format = "day-first"',
            "若正确则无需处理；否则请用 --date-format {name}=day-first",
        ),
    },
    "several scenes": {
        "en": (
            "item '{value}' is in several scenes ({scenes}), and the row does not say in which: it "
            "counts in each",
            "add a 'scene' column, or set scene on the file, if it is meant for one",
        ),
        "zh": (
            "商品 '{value}' 属于多个场景（{scenes}），而该行没有说明是哪一个：在每个场景都算",
            "如果只指其中一个，请添加 'scene' 列，或在文件设置里写明 scene",
        ),
    },
    "amounts": {
        "en": (
            "events of kind '{kind}' in scene '{value}' say how much ({lowest} to {highest}, "
            "usually {usual}): each counts by what is usual for the person, half where it is that, "
            "and not as liked below a ninth of it",
            'nothing, if that is meant; else map another column: columns = {{ weight = "..." }}',
            "nothing, if that is meant; else map another column: --map weight=...",
        ),
        "zh": (
            "场景 '{value}' 中类型为 '{kind}' 的行为带有数量"
            "（{lowest} 到 {highest}，通常为 {usual}）："
            "按各人平常的数量计权，达到平常值算一半，不到其九分之一不算喜欢",
            '若属预期则无需处理；否则请映射其他列：columns = {{ weight = "..." }}',
            "若属预期则无需处理；否则请映射其他列：--map weight=...",
        ),
    },
    "no times": {
        "en": (
            "no row says when: the later a row stands, the newer it counts, and nothing grows old",
            'map the column that says it, if there is one: columns = {{ timestamp = "..." }}',
            "map the column that says it, if there is one: --map timestamp=...",
        ),
        "zh": (
            "各行都没有时间：按行的先后算新旧，越靠后越新，也不会因久远而减弱",
            '如果有记录时间的列，请用列映射指明：columns = {{ timestamp = "..." }}',
            "如果有记录时间的列，请指明：--map timestamp=...",
        ),
    },
    "alike ids": {
        "en": (
            "{value} items differ from another one by the case, the zeros or the .0 of their id "
            "alone, as '{first}' and '{other}'",
            "nothing, if they are different things; else give each thing one id",
        ),
        "zh": (
            "有 {value} 个商品的编号与另一个只差大小写、前导零或 .0，如 '{first}' 和 '{other}'",
            "若确为不同商品则无需处理；否则请统一编号",
        ),
    },
    "alike people": {
        "en": (
            "{value} people differ from another one by the case, the zeros or the .0 of their id "
            "alone, as '{first}' and '{other}'",
            "nothing, if they are different people; else give each person one id",
        ),
        "zh": (
            "有 {value} 位用户的编号与另一位只差大小写、前导零或 .0，如 '{first}' 和 '{other}'",
            "若确为不同的人则无需处理；否则请统一编号",
        ),
    },
    "orphan kept": {
        "en": (
            "item '{value}' is not in the catalogue's scene '{scene}'; the event is kept "
            "and counts for taste",
            'nothing, if the item has left; [cleaning] orphans = "drop" leaves such out',
            "nothing, if the item has left; --drop-orphans leaves such out",
        ),
        "zh": (
            "商品目录的场景 '{scene}' 中没有商品 '{value}'；该行为已保留，仍计入喜好",
            '若商品已下架则无需处理；设置 [cleaning] orphans = "drop" 可将其排除',
            "若商品已下架则无需处理；--drop-orphans 可将其排除",
        ),
    },
    "many lines": {
        "en": ("{field!r} '{value}' goes over several lines", "see that a quote is not left open"),
        "zh": ("{field!r} 的值 '{value}' 跨越多行", "请确认没有未闭合的引号"),
    },
    "early time": {
        "en": ("{field!r} '{value}' is before 1990", "check the unit, if these are clock times"),
        "zh": ("{field!r} 的值 '{value}' 早于 1990 年", "如果是真实时间，请检查单位"),
    },
    "undeclared scene": {
        "en": ("scene '{value}' is not declared", "add [scenes.{key}], or correct the column"),
        "zh": ("场景 '{value}' 未声明", "请添加 [scenes.{key}]，或更正该列"),
    },
    "undeclared person": {
        "en": ("{value} people with events are in no users file", "nothing, if that is meant"),
        "zh": ("有 {value} 位有行为的用户不在用户文件中", "若属预期则无需处理"),
    },
    "prices": {
        "en": (
            "{field!r} is read as a number, in {unit}, as '{value}'",
            'declare [attributes.{key}] type = "text" to keep it as it is written',
            "nothing, if it is an amount",
        ),
        "zh": (
            "{field!r} 按数字读取，单位为 {unit}，如 '{value}'",
            '若要保留原样，请声明 [attributes.{key}] type = "text"',
            "若它是数额，则无需处理",
        ),
    },
    "decimal commas": {
        "en": (
            "{field!r} is read as a number with decimal commas, as '{value}'",
            'declare [attributes.{key}] type = "text" to keep it as it is written',
            "nothing, if it is a number",
        ),
        "zh": (
            "{field!r} 按逗号为小数点的数字读取，如 '{value}'",
            '若要保留原样，请声明 [attributes.{key}] type = "text"',
            "若它是数字，则无需处理",
        ),
    },
    "thousands": {
        "en": (
            "{field!r} is read as a number without the commas, which are taken for those between "
            "thousands, as '{value}'",
            'declare [attributes.{key}] decimal = "," if they are decimal commas, or type = "text" '
            "to keep it as it is written",
            "nothing, if that is right; with decimal commas write a full stop in their place",
        ),
        "zh": (
            "{field!r} 的逗号视为千位分隔，去掉后按数字读取，如 '{value}'",
            '若逗号是小数点，请声明 [attributes.{key}] decimal = ","；要保留原样则 type = "text"',
            "若正确则无需处理；若逗号是小数点，请改写成句点",
        ),
    },
    "other prices": {
        "en": (
            "{count} values of {field!r} are in another currency, or no amount, as '{value}': "
            "they are missing",
            "give them in {unit}, or leave them",
        ),
        "zh": (
            "{field!r} 有 {count} 个值是其他货币或不是金额，如 '{value}'：按缺失处理",
            "请换算成 {unit}，或保持不变",
        ),
    },
    "mixed column": {
        "en": (
            "attribute {field!r} is a number in {numbers} rows and text in {texts}, as '{value}'",
            'declare [attributes.{key}] type = "number" to see which',
            "correct them in the file, if all are numbers",
        ),
        "zh": (
            "属性 {field!r} 在 {numbers} 行是数字，在 {texts} 行是文本，如 '{value}'",
            '请声明 [attributes.{key}] type = "number" 以查看具体各行',
            "如果都应是数字，请在文件中更正",
        ),
    },
    "not filled": {
        "en": (
            "attribute {field!r} of scene '{scene}' has no numbers, or too few values, to fill "
            "{value} by {method}",
            "they stay empty; choose another way for missing",
        ),
        "zh": (
            "场景 '{scene}' 的属性 {field!r} 不是数字或已有值太少，无法用 {method} 填补 {value} 处",
            "这些值保持为空；请为 missing 选择其他方式",
        ),
    },
    "html": {
        "en": (
            "{field!r} '{value}' holds HTML",
            'add "html" to [cleaning] text, or to [attributes.{key}] text',
            "remove it in the file, if people should not see it",
        ),
        "zh": (
            "{field!r} 的值 '{value}' 含有 HTML",
            '请在 [cleaning] text 或 [attributes.{key}] text 中加入 "html"',
            "如果不该让人看到，请在文件中删除",
        ),
    },
    "no clock": {
        "en": (
            "{value} people have only times of before 1990, which are an order and no clock: "
            "whether they have more than {limit} events a day is not asked",
            "map the column that says when, if there is one",
        ),
        "zh": (
            "有 {value} 位用户的时间全部早于 1990 年，只表示先后而非真实时间：不检查其是否每天超过 "
            "{limit} 次行为",
            "如果有记录时间的列，请用列映射指明",
        ),
    },
    "busy people": {
        "en": (
            "{value} people have more than {limit} events a day on average; the first is '{first}'",
            "set [cleaning] max_events_per_day to leave such out",
            "nothing, if these are people; else take them out of the file",
        ),
        "zh": (
            "有 {value} 位用户平均每天超过 {limit} 次行为；第一位是 '{first}'",
            "请设置 [cleaning] max_events_per_day 将其排除",
            "若确为真人则无需处理；否则请从文件中删除",
        ),
    },
    "repeats": {
        "en": (
            "{value} events repeat what the same person did to the same item {limit} times before",
            "set [cleaning] max_repeats to leave such out",
            "nothing, if that is meant; else take them out of the file",
        ),
        "zh": (
            "有 {value} 次行为属于重复：同一用户此前已对同一商品做过 {limit} 次同样的行为",
            "请设置 [cleaning] max_repeats 将其排除",
            "若属预期则无需处理；否则请从文件中删除",
        ),
    },
    "near duplicates": {
        "en": (
            "'{value}' and '{other}' ('{title}') are nearly the same; the events of the former "
            "count for the latter",
            "nothing, if that is meant; else raise [cleaning] near_duplicates, or set it to 0",
        ),
        "zh": (
            "'{value}' 与 '{other}'（'{title}'）几乎相同；前者的行为计入后者",
            "若属预期则无需处理；否则请调高 [cleaning] near_duplicates，或设为 0",
        ),
    },
    "unused attribute": {
        "en": (
            "[attributes.{key}] is declared, and no item has it",
            "correct the name, or take it away",
        ),
        "zh": ("已声明 [attributes.{key}]，但没有商品带有它", "请更正名称，或删除该声明"),
    },
    "hidden column": {
        "en": (
            "column {field!r} is not read, because another one is mapped to that name",
            "rename it in the file, if it is wanted too",
        ),
        "zh": ("未读取列 {field!r}，因为另有一列映射到这个名称", "如果也需要它，请在文件中改名"),
    },
    "scale": {
        "en": (
            "ratings are out of {high} (they go from {lowest} to {highest}): liked from {liked}",
            "set [ratings] low and high, where that is wrong",
            "say it, where that is wrong: --ratings 1..5",
        ),
        "zh": (
            "评分满分是 {high}（从 {lowest} 到 {highest}）：{liked} 分及以上算喜欢",
            "若有误，请设置 [ratings] 的 low 和 high",
            "若有误，请指明：--ratings 1..5",
        ),
    },
    "none liked": {
        "en": (
            "none of {ratings} ratings is a like: the highest is {highest}, liked from {liked}",
            "see that [ratings] low and high are those of the data",
            "say what ratings are out of: --ratings 1..5",
        ),
        "zh": (
            "{ratings} 个评分里没有一个算喜欢：最高为 {highest}，{liked} 分及以上才算",
            "请确认 [ratings] 的 low 和 high 与数据一致",
            "请指明满分：--ratings 1..5",
        ),
    },
    "items of log": {
        "en": (
            "no file holds items, so {value} are made of what this log names: ids from {field!r}, "
            "titles from {title!r}",
            "nothing, if that is meant; else name a file of items, or other columns: columns = "
            '{{ item_id = "...", title = "..." }}',
            "nothing, if that is meant; else name a file of items, or other columns: --map "
            "item_id=...,title=...",
        ),
        "zh": (
            "没有商品文件，因此由这份日志里的名称得到 {value} 个商品：编号取自 {field!r}，"
            "标题取自 {title!r}",
            "若属预期则无需处理；否则请给出商品文件，或指明其他列："
            'columns = {{ item_id = "...", title = "..." }}',
            "若属预期则无需处理；否则请给出商品文件，或指明其他列：--map item_id=...,title=...",
        ),
    },
    "ids of log": {
        "en": (
            "no file holds items, so {value} are made of what this log names in {field!r}, which "
            "stands as their titles too",
            "nothing, if these are names; else name a file of items, or the column with the names: "
            'columns = {{ title = "..." }}',
            "nothing, if these are names; else name a file of items, or the column with the names: "
            "--map title=...",
        ),
        "zh": (
            "没有商品文件，因此由这份日志的 {field!r} 得到 {value} 个商品，标题也用它",
            "若它就是名称则无需处理；否则请给出商品文件，或指明名称所在的列："
            'columns = {{ title = "..." }}',
            "若它就是名称则无需处理；否则请给出商品文件，或指明名称所在的列：--map title=...",
        ),
    },
    "attributes of log": {
        "en": (
            "columns that say the same of an item on all its rows are its attributes: {value}",
            "nothing, if that is meant",
        ),
        "zh": ("同一商品各行取值相同的列成为它的属性：{value}", "若属预期则无需处理"),
    },
    "one scene": {
        "en": (
            "no column is the scene, so all items are in scene '{value}'",
            "nothing, if that is meant; else set scene on the file, or map a column to it",
            "nothing, if that is meant; else map a column to it: --map scene=...",
        ),
        "zh": (
            "没有表示场景的列，因此所有商品都在场景 '{value}' 中",
            "若属预期则无需处理；否则请在文件设置里写明 scene，或把某一列映射为场景",
            "若属预期则无需处理；否则请把某一列映射为场景：--map scene=...",
        ),
    },
    "read as": {
        "en": (
            "columns known by their names: {pairs}",
            "map them, where that is wrong",
            "where that is wrong, map them (--map), or say what the file holds: --holds "
            "{name}=items, =events or =users",
        ),
        "zh": (
            "按列名识别：{pairs}",
            "若有误，请用列映射指明",
            "若有误，请用 --map 指明，或说明文件内容：--holds {name}=items（商品）、"
            "=events（行为）或 =users（用户）",
        ),
    },
    "unread columns": {
        "en": ("columns that are not read: {columns}", "nothing, if that is meant"),
        "zh": ("未读取的列：{columns}", "若属预期则无需处理"),
    },
    "unread meant": {
        "en": ("columns that are not read: {columns}", "did you mean {advice}?"),
        "zh": ("未读取的列：{columns}", "您是否想写 {advice}？"),
    },
    "attribute meant": {
        "en": ("columns that became attributes: {columns}", "did you mean {advice}?"),
        "zh": ("成为属性的列：{columns}", "您是否想写 {advice}？"),
    },
    "english vectors": {
        "en": (
            "the default vectors read {share} of the words in scene '{value}': they know no "
            "Chinese, Japanese or Korean",
            "items are still found by their characters and by behaviour; for vectors set "
            '[embedder] kind = "fastembed", name = "BAAI/bge-small-zh-v1.5" (or kind = "endpoint") '
            "and run recagent index",
            "items are still found by their characters and by behaviour",
        ),
        "zh": (
            "默认的向量模型只读得懂场景 '{value}' 中 {share} 的词：它不认识中文、日文和韩文",
            '仍可凭字词和行为数据检索；要用向量，请设置 [embedder] kind = "fastembed"、'
            'name = "BAAI/bge-small-zh-v1.5"（或 kind = "endpoint"），然后运行 recagent index',
            "仍可凭字词和行为数据检索",
        ),
    },
}

ALSO: Mapping[Language, str] = {"en": " (also {others})", "zh": "（还有{others}）"}
MORE: Mapping[Language, str] = {"en": "... and {n} more", "zh": "……另有 {n} 处"}
ROW: Mapping[Language, str] = {"en": "row {row}", "zh": "第 {row} 行"}
JOINS: Mapping[Language, Mapping[str, str]] = {
    "en": {"list": ", ", "colon": ": ", "then": "; "},
    "zh": {"list": " ", "colon": "：", "then": "；"},
}

NOTES = frozenset(
    {"several scenes", "amounts", "no times", "alike ids", "alike people", "prices", "thousands",
     "orphan kept", "many lines", "early time", "undeclared scene", "undeclared person",
     "other prices", "mixed column", "not filled", "html", "busy people", "repeats",
     "near duplicates", "no clock", "unused attribute", "hidden column",
     "english vectors", "read as", "unread columns", "scale", "none liked", "one scene",
     "day-first", "month-first", "decimal commas", "items of log", "ids of log",
     "attributes of log", "empty quota", "unread meant", "attribute meant"}
)  # fmt: skip

STEPS: Mapping[str, Mapping[Language, str]] = {
    "fallback": {"en": "decoded by the fallback encoding", "zh": "按备用编码解码"},
    "encoded twice": {
        "en": "UTF-8 that had been encoded twice, mended",
        "zh": "修复被二次编码的 UTF-8（乱码）",
    },
    "trimmed": {"en": "spaces around an id removed", "zh": "去除编号首尾空格"},
    "returned": {"en": "less than nothing (a return), left out", "zh": "数量为负（退货），已排除"},
    "id form": {
        "en": "written as the catalogue writes it (case, zeros, .0)",
        "zh": "按商品目录的写法统一（大小写、前导零、.0）",
    },
    "unicode": {
        "en": "Unicode normalised, control characters removed",
        "zh": "统一 Unicode，去除控制字符",
    },
    "html": {"en": "HTML removed", "zh": "去除 HTML"},
    "space": {"en": "white space tidied", "zh": "整理空白"},
    "max_text": {"en": "cut to max_text characters", "zh": "截短到 max_text 个字符"},
    "decimal comma": {"en": "decimal comma read", "zh": "按逗号为小数点读取"},
    "thumb": {"en": "read as a like or a dislike", "zh": "视为喜欢或不喜欢"},
    "unrated": {"en": "not rated: read as a view", "zh": "没有评分：视为浏览"},
    "null": {"en": "read as missing", "zh": "视为缺失"},
    "same row": {"en": "exact copy left out", "zh": "排除完全重复的行"},
    "same event": {
        "en": "same person, item, kind and time as an earlier one, left out",
        "zh": "与之前某行为的用户、商品、类型和时间都相同，已排除",
    },
    "repeat": {"en": "beyond max_repeats, left out", "zh": "超过 max_repeats，已排除"},
    "bot": {"en": "above max_events_per_day, left out", "zh": "超过 max_events_per_day，已排除"},
    "orphan": {"en": "not in the catalogue, left out", "zh": "商品目录中没有，已排除"},
    "near duplicates": {
        "en": "nearly the same as another, merged",
        "zh": "与另一商品几乎相同，已合并",
    },
    "drop": {"en": "missing value, left out", "zh": "缺失值，已排除"},
    "mean": {"en": "missing, filled by the mean", "zh": "缺失值以均值填补"},
    "median": {"en": "missing, filled by the median", "zh": "缺失值以中位数填补"},
    "min": {"en": "missing, filled by the least", "zh": "缺失值以最小值填补"},
    "max": {"en": "missing, filled by the greatest", "zh": "缺失值以最大值填补"},
    "most_frequent": {"en": "missing, filled by the most frequent", "zh": "缺失值以众数填补"},
    "predict": {
        "en": "missing, predicted from the other attributes",
        "zh": "缺失值由其他属性预测",
    },
    "minmax": {"en": "scaled to 0..1, beside it", "zh": "缩放到 0..1，另存一列"},
    "zscore": {"en": "scaled to mean 0 and deviation 1, beside it", "zh": "标准化，另存一列"},
    "log": {"en": "log(1 + x), beside it", "zh": "取 log(1 + x)，另存一列"},
}  # fmt: skip

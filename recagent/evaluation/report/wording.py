"""What a report's page says, in English and Chinese.

Sentences only; nothing here looks at numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

from recagent.domain import Language

WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "title": "Evaluation report", "theme": "Light or dark", "contents": "Contents",
        "runs": "Runs", "all": "all scenes", "system": "system", "scene": "scene",
        "reference": "reference", "failed": "failed", "failures": "{n} questions failed",
        "failures next": "They are left out of every number. Ask them again:",
        "facts cases": "{cases} cases of {people} people",
        "facts candidates": "{n} candidates each",
        "facts catalogue": "the whole catalogue is ranked", "facts scenes": "scenes",
        "facts systems": "{n} systems", "facts when": "run", "facts git": "revision",
        "facts data": "data",
        "matrix": "Results", "measure": "Measure", "lower": "lower is better",
        "matrix note": "Mean with its 95% interval. Bold is the best of a column. Letters name the "
        "systems that this one beats significantly there (p < .05, Holm over all {n} comparisons).",
        "matrix note plain": "Mean with its 95% interval where there is one. Bold is the best of a "
        "column. Significance is tested for {primary} alone.",
        "quality": "Quality against cost", "per question": "tokens per question (log)",
        "no tokens": "no model",
        "quality note": "Up and to the left is better. Lines are 95% intervals.",
        "seconds per question": "median seconds per question (log)", "instant": "at once",
        "model": "asks a model", "baseline": "baseline",
        "deltas": "Difference from {reference}, scene by scene",
        "delta": "difference in {measure}",
        "deltas note": "Filled: significant after Holm’s correction. Hollow: not. Line: 95% "
        "interval. Grey band: differences that so many cases cannot show reliably.",
        "calibration": "Calibration", "probability": "probability", "observed": "share relevant",
        "calibration note": "Ten bins of equal size. On the dashed line, an item given 20% is the "
        "right one in 20 of 100 cases; below it the system is too sure.",
        "order": "Sensitivity to the order of candidates", "listed": "place in the list",
        "first share": "ranked first",
        "order note": "The same cases, asked with candidates listed in {orders} orders. Without "
        "position bias, every bar reaches the dashed line.",
        "tau": "Kendall’s τ between orders", "same top": "same first item",
        "spread": "spread of {measure}", "cases": "cases",
        "memory": "Memorisation audit",
        "memory note": "● as it stands · ○ titles masked · ◇ another person’s history · "
        "| a random order. What remains above random when titles are masked is not recognition of "
        "titles; what remains with another’s history is not about the person.",
        "plain": "as it stands", "masked": "titles masked", "swapped": "other’s history",
        "random": "random order", "kept": "lift kept", "kept masked": "lift kept, masked",
        "kept swapped": "lift kept, other’s history",
        "tables": "Tables", "comparisons": "All {n} pairwise comparisons",
        "new": "new", "base": "base", "difference": "difference", "interval": "95% interval",
        "p": "p", "p holm": "p (Holm)", "detectable": "detectable", "people": "people",
        "costs": "Cost", "results": "questions", "calls": "calls", "cached": "cached",
        "prompt tokens": "prompt tokens", "completion tokens": "reply tokens",
        "repairs": "repairs", "invalid": "invalid", "price": "price", "median": "median s",
        "p95": "95% within s",
        "generalisation": "Leave one scene out", "chosen": "best on the other scenes",
        "best here": "best here", "gap": "lost by that choice",
        "generalisation note": "Choose the system on all other scenes, use it in this one.",
        "worst": "Worst scene of each system", "mean": "mean",
        "people browser": "People, prompts and replies",
        "browser note": "{n} cases, seen as two systems saw them.",
        "no script": "This part needs JavaScript.",
        "no conversations": "No case is kept for reading in this run.",
        "how": "How it was run", "packages": "packages", "prompts": "prompts", "models": "models",
        "arguments": "arguments", "experiment": "experiment", "platform": "machine",
        "settings": "cases",
        "read": "How to read it",
        "read intervals": "An interval of 95% covers the true mean in 95 of 100 such experiments; "
        "people are resampled, not single answers. Two overlapping intervals may still differ "
        "significantly, because systems are compared on the same cases.",
        "read holm": "A p-value says how often a difference at least as large would come about if "
        "two systems were equally good. Among many comparisons some look good by chance: Holm’s "
        "correction keeps the chance of even one false claim in this table below 5%.",
        "read detectable": "“Detectable” is the smallest true difference that so many cases would "
        "show in 80 of 100 experiments. A smaller difference may exist and not be seen: no "
        "significance is not equality.",
        "find beats": "{best} beats {reference} in {won} of {scenes} scenes",
        "find beats one": "{best} beats {reference}",
        "find beats overall": "{best} beats {reference} over all scenes, though in no single scene",
        "find none": "Corrected for {n} comparisons, no system is shown to beat {reference}",
        "main": "main comparison, declared beforehand", "uncorrected": "not corrected",
        "matrix note main": "The declared main comparison, {new} − {base} over all scenes, is "
        "tested at the full level and is not corrected.",
        "read main": "The main comparison was declared before the run. It is one test, so its "
        "p-value needs no correction; the others are corrected among themselves.",
        "find main": "Main comparison: {new} and {base} are not told apart",
        "find main won": "Main comparison: {new} beats {base}",
        "find main lost": "Main comparison: {new} is worse than {base}",
        "find main by": "{delta} {measure} over all {cases} cases (95% interval {low} to {high}, "
        "p {p}, not corrected)",
        "find main scenes": "{new} is shown to be better in {won} of {scenes} scenes, corrected "
        "for the {n} other comparisons.",
        "find also": "Significantly better than {reference}, too: {others}.",
        "find by": "{delta} {measure} over all cases (95% interval {low} to {high})",
        "find closest": "the best, {best}, is at {delta} {measure} (95% interval {low} to {high})",
        "find see": "With {cases} cases, differences of {detectable} or more can be seen",
        "find see scene": "with the {cases} of one scene, of {detectable} or more",
        "find tied": "Not told apart from {best}: {others}.",
        "find worst": "Significantly worse than {reference}: {others}.",
        "find single": "{best} reaches {mean} in {measure} ({low} to {high}) over {cases} cases",
        "(new here)": "new here", "(known here)": "known here",
        "nav matrix": "Results", "nav quality": "Cost", "nav deltas": "Scenes",
        "nav calibration": "Calibration", "nav order": "Order", "nav memory": "Memorisation",
        "nav tables": "Tables", "nav people browser": "People", "nav how": "Conditions",
        "nav read": "Reading",
        "and": ", ", "comma": ", ", "stop": ".", "colon": ": ", "semicolon": "; ",
    },
    "zh": {
        "title": "评测报告", "theme": "浅色或深色", "contents": "目录",
        "runs": "运行", "all": "全部场景", "system": "系统", "scene": "场景",
        "reference": "参照", "failed": "失败", "failures": "{n} 个问题失败",
        "failures next": "它们未计入任何数字。重新提问：",
        "facts cases": "{people} 人的 {cases} 个案例", "facts candidates": "各 {n} 个候选",
        "facts catalogue": "对整个目录排序", "facts scenes": "场景",
        "facts systems": "{n} 个系统", "facts when": "运行于", "facts git": "修订版",
        "facts data": "数据",
        "matrix": "结果", "measure": "指标", "lower": "越低越好",
        "matrix note": "均值及其 95% 区间。粗体为该列最佳。字母表示该系统在此显著优于哪些系统"
        "（p < .05，对全部 {n} 次比较作 Holm 校正）。",
        "matrix note plain": "均值及其 95% 区间（如有）。粗体为该列最佳。"
        "仅对 {primary} 检验显著性。",
        "quality": "质量与成本", "per question": "每个问题的词元数（对数）",
        "no tokens": "无模型",
        "quality note": "越靠左上越好。竖线为 95% 区间。",
        "seconds per question": "每个问题的秒数中位数（对数）", "instant": "即时",
        "model": "调用模型", "baseline": "基线",
        "deltas": "各场景中与 {reference} 的差值",
        "delta": "{measure} 的差值",
        "deltas note": "实心：经 Holm 校正后显著；空心：不显著。横线：95% 区间。灰色带：这么多案例"
        "无法可靠辨别的差值。",
        "calibration": "校准", "probability": "概率", "observed": "相关的比例",
        "calibration note": "十个等量分组。落在虚线上时，概率 20% 的商品在 100 个案例中有 20 个是"
        "正确的；低于虚线说明系统过于自信。",
        "order": "对候选顺序的敏感度", "listed": "在列表中的位置",
        "first share": "排在首位",
        "order note": "同样的案例，以 {orders} 种候选顺序提问。若无位置偏差，每根柱都应到虚线。",
        "tau": "各顺序间的 Kendall τ", "same top": "首位相同",
        "spread": "{measure} 的波动", "cases": "案例",
        "memory": "记忆审计",
        "memory note": "● 原样 · ○ 隐去标题 · ◇ 换成他人的历史 · | 随机顺序。隐去标题后仍高于随机的"
        "部分，不来自对标题的记忆；换成他人历史后仍高于随机的部分，与此人无关。",
        "plain": "原样", "masked": "隐去标题", "swapped": "他人的历史",
        "random": "随机顺序", "kept": "保留的提升", "kept masked": "隐去标题后保留的提升",
        "kept swapped": "换他人历史后保留的提升",
        "tables": "表格", "comparisons": "全部 {n} 次两两比较",
        "new": "新", "base": "基准", "difference": "差值", "interval": "95% 区间",
        "p": "p", "p holm": "p（Holm）", "detectable": "可辨别", "people": "人数",
        "costs": "成本", "results": "问题", "calls": "调用", "cached": "缓存",
        "prompt tokens": "提示词元", "completion tokens": "回答词元",
        "repairs": "修复", "invalid": "无效", "price": "费用", "median": "中位数（秒）",
        "p95": "95% 以内（秒）",
        "generalisation": "留一场景", "chosen": "其余场景的最佳",
        "best here": "此处的最佳", "gap": "该选择的损失",
        "generalisation note": "在其余所有场景中选出系统，用于此场景。",
        "worst": "各系统最差的场景", "mean": "均值",
        "people browser": "用户、提示与回答",
        "browser note": "{n} 个案例，并列显示两个系统所见。",
        "no script": "此部分需要 JavaScript。",
        "no conversations": "此次运行没有保留可供阅读的案例。",
        "how": "运行方式", "packages": "软件包", "prompts": "提示", "models": "模型",
        "arguments": "参数", "experiment": "实验", "platform": "机器",
        "settings": "案例",
        "read": "如何解读",
        "read intervals": "95% 区间在 100 次这样的实验中有 95 次包含真实均值；重抽样的单位是人，"
        "而非单个回答。两个重叠的区间仍可能有显著差异，因为各系统在相同案例上比较。",
        "read holm": "p 值表示：若两个系统同样好，出现至少这么大差值的频率。比较次数多时，总有一些"
        "碰巧看起来很好：Holm 校正使整张表中出现哪怕一次误报的概率低于 5%。",
        "read detectable": "“可辨别”是这么多案例在 100 次实验中有 80 次能显示出来的最小真实差值。"
        "更小的差值可能存在而看不出来：不显著不等于相等。",
        "find beats": "{best} 在 {scenes} 个场景中的 {won} 个优于 {reference}",
        "find beats one": "{best} 优于 {reference}",
        "find beats overall": "{best} 总体上优于 {reference}，但没有单个场景达到显著",
        "find none": "经 {n} 次比较的校正，没有系统被证明优于 {reference}",
        "main": "主要比较（事先声明）", "uncorrected": "未校正",
        "matrix note main": "事先声明的主要比较（{new} − {base}，全部场景）"
        "按完整水平检验，不作校正。",
        "read main": "主要比较在运行之前就已声明，只是一次检验，p 值无需校正；"
        "其余比较在彼此之间校正。",
        "find main": "主要比较：{new} 与 {base} 无法区分",
        "find main won": "主要比较：{new} 优于 {base}",
        "find main lost": "主要比较：{new} 差于 {base}",
        "find main by": "全部 {cases} 个案例的 {measure} 差值 {delta}"
        "（95% 区间 {low} 至 {high}，p {p}，未校正）",
        "find main scenes": "{new} 在 {scenes} 个场景中的 {won} 个被证明更好"
        "（经其余 {n} 次比较的校正）。",
        "find also": "同样显著优于 {reference} 的：{others}。",
        "find by": "全部案例的 {measure} 差值 {delta}（95% 区间 {low} 至 {high}）",
        "find closest": "最好的 {best} 的 {measure} 差值为 {delta}（95% 区间 {low} 至 {high}）",
        "find see": "{cases} 个案例能显示 {detectable} 以上的差值",
        "find see scene": "单个场景的 {cases} 个案例能显示 {detectable} 以上的差值",
        "find tied": "与 {best} 无法区分的：{others}。",
        "find worst": "显著差于 {reference} 的：{others}。",
        "find single": "{best} 的 {measure} 为 {mean}（{low} 至 {high}），共 {cases} 个案例",
        "(new here)": "此处的新人", "(known here)": "此处的熟人",
        "nav matrix": "结果", "nav quality": "成本", "nav deltas": "场景",
        "nav calibration": "校准", "nav order": "顺序", "nav memory": "记忆",
        "nav tables": "表格", "nav people browser": "用户", "nav how": "条件",
        "nav read": "解读",
        "and": "、", "comma": "，", "stop": "。", "colon": "：", "semicolon": "；",
    },
}  # fmt: skip

# What the page's script says.
SPOKEN: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "first": "System A", "second": "System B", "sort": "Order", "listed": "as in the run",
        "gains": "B gains most", "losses": "B loses most", "find": "Find a person or title",
        "none": "No case fits.", "history": "History, newest first", "no history": "nothing known",
        "candidates": "Candidates as listed", "target": "held out", "rank": "rank",
        "where": "Where the held-out item landed", "not ranked": "not in the ranking",
        "failed": "failed", "score": "score", "probability": "probability", "slates": "Slates",
        "talk": "Prompt and reply", "difference": "Difference A → B", "reply": "raw reply",
        "no talk": "No prompt is kept: {system} asks no model, or the case was not among those "
        "that are kept.", "exchange": "Exchange {at} of {n}",
        "same": "The two prompts are the same.",
        "more": "{n} more ranked below", "cases": "Cases",
    },
    "zh": {
        "first": "系统 A", "second": "系统 B", "sort": "顺序", "listed": "按运行顺序",
        "gains": "B 提升最多", "losses": "B 下降最多", "find": "查找用户或标题",
        "none": "没有符合的案例。", "history": "历史，最新在前", "no history": "一无所知",
        "candidates": "候选（按列出顺序）", "target": "留出", "rank": "名次",
        "where": "留出商品的名次", "not ranked": "不在排序中",
        "failed": "失败", "score": "分数", "probability": "概率", "slates": "推荐列表",
        "talk": "提示与回答", "difference": "差异 A → B", "reply": "原始回答",
        "no talk": "没有保留提示：{system} 不调用模型，或该案例不在保留之列。",
        "exchange": "第 {at} / {n} 次往来", "same": "两个提示相同。",
        "more": "其后还有 {n} 项", "cases": "案例",
    },
}  # fmt: skip

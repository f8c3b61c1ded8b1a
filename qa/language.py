"""What the reader knows of Chinese and English: word lists and patterns, and nothing about any document.

All patterns are meant for aligned text (`index.text.align`): lower case, half width, simplified characters.
"""

from __future__ import annotations

# --- Units and measure words -------------------------------------------------------------------------------------

# Longest first within a family: an alternation takes the first that fits. 千 in 30千瓦时 must not be taken for part of
# the figure, which would leave 瓦 for its unit.
MEASURES = "|".join(
    (
        "个百分点|百分点|%|‰|吨标准煤|标准煤",
        "万千伏安|千伏安|亿千瓦时|千瓦时|兆瓦时|(?:千|兆|吉)?瓦(?!时)|千?伏(?!安)|安时",
        "平方公里|平方千米|平方米|平方|立方米|立方",
        "公里|千米|海里|厘米|毫米|分米|米|公顷|亩",
        "公斤|千克|毫克|克|吨|斤|升|毫升|标准箱|标箱",
        "美元|欧元|港元|日元|英镑|人民币|元|角",
        "个工作日|工作日|个自然日|自然日|个交易日|个月|小时|分钟|秒|周岁|周年|星期|学时|年|日|天|岁|周|季度",
        "批次|人次|车次|班次|架次|人日|张床位|床位|户次|英里|英尺|英寸",
        "mw|gw|kw|tw|kwh|mwh|gwh|kv|kva|km2|km|cm|mm|m3|m2|kg|mg|ml|mb|gb|tb|mpa|kpa|hz|ppm|db",
        "m³|m²|㎡|t|m|g|l|w|v",
        "个|家|项|种|人|户|名|位|头|只|辆|台|套|条|座|所|处|件|批|次|场|张|笔|例|宗|款|章|编|节|级|层|届|份|本|部|篇",
        "枚|株|艘|架|列|对|组|队|支|轮|类|间|站|片|块|档|步|方|成|倍|口|颗|粒|桩|门|期|大",
        "省|市|县|区|村|国|洲|票|分|度|道|亩次",
    )
)

# Numerals that count nothing: set words that begin like a figure.
SET_NUMERALS = "零|一些|一定|一批|一体|一样|一步|一次性|一季度|十大|百强|一方|一部|一级|一省|一市|一区|一国|一门|一块"

# --- Organisations -----------------------------------------------------------------------------------------------

ORGANISATION_ENDS = "|".join(
    (
        "委员会|人民政府|区政府|市政府|省政府|县政府|管委会|指挥部|办公室|领导小组|工作组|联席会议|分局|支行|银行",
        "法院|检察院|公司|集团|中心|协会|学会|商会|联合会|学校|大学|学院|研究院|研究所|医院|基金会",
        "(?<=[区市省县州家国])[\u4e00-\u9fff]{1,8}?(?:局|委|厅|部|办)",
        "总局|公安局|部门|机构|机关",
    )
)

# --- Questions: what they ask for --------------------------------------------------------------------------------

_COUNTED = (
    "个|家|项|种|吨|万|亿|百|千|人|户|头|台|辆|公里|年|天|倍|成|座|所|条|套|次|批|处|件|分|名|位|亩"
    "|兆瓦|元|方|类|期|层|款|章|节|度|只"
)

ASKS_NUMBER = "文号|发文字号|发文号|几号文|文件编号|编号(?:是|为)|document number|reference number"
ASKS_ORGANISATION = "|".join(
    (
        "(?:哪|什么|啥)(?:个|些|几个|[一二三四五两几]?家)?(?:人民|主管|行政)?"
        "(?:部门|单位|机构|机关|组织|公司|企业|地方|局|委|银行|政府)",
        "由谁|谁(?:来|负责|牵头|主管|发|印发|制定|管|是.{0,6}(?:单位|部门))",
        "(?:牵头|责任|主管|承办|发文|发布|印发|配合|协办)(?:的)?(?:单位|部门|机关|机构)",
        "归谁|找谁|哪[一二三四五六两几]?家.{0,4}(?:牵头|负责|主管)|(?:牵头|负责|主管)的?(?:有|是)?哪|哪儿管|哪里管",
        r"who\b|which (?:department|agency|unit|body)",
    )
)
ASKS_DATE = "|".join(
    (
        "何时|什么时候|啥时候|哪[一二三四五几]?年|哪一?天|几月|几号|哪个月|哪一?日|什么日期|日期",
        "(?:什么|截止|印发|发布|施行|实施|生效|成文|开始|结束|出台)(?:的)?时间|时间(?:是|为)|几时|年限|多会儿",
        r"when\b|what (?:date|year)",
    )
)
ASKS_QUANTITY = "|".join(
    (
        f"多少|(?<![哪这那近前好])几(?:{_COUNTED})",
        "多(?:大|高|长|久|宽|重|远|快|厚|深)|占比|百分之几|比例|规模(?:是|为|有|多)",
        "how (?:much|many|large|big|long|high)|percentage|number of",
    )
)
ASKS_LIST = "|".join(
    (
        "哪些|哪几|哪[一二三四五六七八九十两2-9]+(?=[个类种项部条])|有什么|有啥|包括什么|包括啥|都有|分别|列举|列出",
        "什么(?:产品|材料|行业|领域|措施|任务|项目|内容|方面|技术|系统|服务|业态|政策|模式|功能)|几大",
        r"which\b.*s\b|what are|list",
    )
)
ASKS_NAME = "|".join(
    (
        "叫什么|名称|名字|什么名|哪(?:个|一|种|类|部|座|所|家|位|条|项|里|儿)|何地|何处|什么地方|谁",
        r"which\b|where\b",
    )
)
# Asks for a figure where nothing else in the question asks.
NAMES_FIGURE = "(?:目标|指标|产能|容量|产量|投资|总量|金额|数量|增速|增幅|利用率)(?:是|为|有|$|[？?。])|capacity|target"

# --- Questions: their words --------------------------------------------------------------------------------------

# What asks or is polite, and is no word to look for.
INTERROGATIVES = "|".join(
    (
        "请问|请告诉我|告诉我|麻烦|帮我|我想(?:知道|问|了解)(?:一下)?|想(?:知道|问|了解)(?:一下)?|查一下|说说",
        "谢谢|您好|你好",
        "多少|什么时候|何时|几时|什么|哪些|哪个|哪几个|哪一个|哪年|哪里|哪儿|哪|谁|怎么样|怎么|怎样|如何",
        "为什么|为何|是否|是不是|有没有|能否|能不能|多大|多高|多长|多久",
        "几(?=[个家项种吨万亿百千人户头台辆公里年天倍成座所条套次批处件分名位亩元方类期层])",
        "吗|呢|吧|啊|呀|[？?！!。，,、：:；;]",
    )
)
# The interrogative proper, with its measure word.
_CLASSIFIED = "[个些种类家项位条座所款批大]|部(?!门)"
INTERROGATIVE_CORE = "|".join(
    (
        "什么样|什么|甚么|啥样?|多少|多大|多高|多长|多久|(?<![这那近前好])几(?=[^乎何])",
        f"哪(?:里|儿|[一二三四五六七八九十两几]?(?:{_CLASSIFIED}))?",
        "谁|何时|何地|怎么样?|怎样|如何|为何",
    )
)
BEHIND_CORE = f"^(?:样|样的|的|[一二三四五六七八九十两几]?(?:{_CLASSIFIED})|方面的?)+"

_LIGHT_GROUPS = {
    "English": (
        "what which who whom when where why how many much is are was were be do does did the a an of to "
        "in on for at by this that these those and or it its should would could can will must has have "
        "had with from there any"
    ),
    "particles, prepositions, conjunctions, adverbs": (
        "把 被 让 给 对 在 从 向 由 为 以 于 与 和 及 或 的 地 得 了 着 过 吗 呢 关于 根据 按照 都 也 还 "
        "就 才 又 再 更 最 很 不 没 没有 则"
    ),
    "pronouns and interrogatives": (
        "这 那 该 本 其 它 他 我 你 您 们 这份 这篇 这个 那个 那篇 各 每 全部 所有 谁 哪 什么 怎么 如何 几 多 少"
    ),
    "modal and light verbs, politeness": (
        "是 请 请问 想 来 去 用 有 要 到 应 应当 需要 会 能 可 可以 将 计划 打算 准备 预计 进行 实现 达到 "
        "完成 做到 做 搞 提出 提到 规定 要求 说 讲 写 算 属于 包括 包含 力争 新增 负责"
    ),
    "measure words, approximations": ("个 些 种 项 家 一下 一个 分别 大概 大约 左右 一共 总共 合计 主要 具体"),
    "places and times in general": ("里 里面 材料里 中 上 下 内 前 后 末 底 时 时候 年 月 日 一年 每年 年底 目前 现在"),
    "what is asked about, in general": (
        "规模 程度 水平 大小 多大 特点 样 样子 方面 情况 内容 目标 指标 数 数字 数量 数值 名称 名字 单位 "
        "部门 机构 问题 东西 事 事情 方式 办法 措施 任务 工作"
    ),
    "the document itself": ("文件 文中 文档 方案 规划 通知"),
}
LIGHT_WORDS = frozenset(word for group in _LIGHT_GROUPS.values() for word in group.split())
"""Words that ask rather than say: they need not be found in the text."""

# Ends of place names, and words that the tagger takes for places.
DIVISIONS = frozenset("省市区县镇乡州旗")
NO_PLACES = frozenset(["东西", "城镇", "乡镇", "市区", "城区", "全国", "中国", "城乡", "本地", "当地", "国内"])

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
        "公里|千米|海里|厘米|毫米|微米|纳米|分米|米|公顷|亩",
        "公斤|千克|毫克|微克|纳克|克|吨|斤|升|毫升|标准箱|标箱",
        "块钱|毛钱|美元|欧元|港元|日元|英镑|人民币|元|角",
        "分贝|摄氏度|℃|勒克斯|兆赫|千赫|赫兹|毫安时|千帕|兆帕|流明|克拉|标准立方米|标方",
        "个工作日|工作日|个自然日|自然日|个交易日|个月|小时|分钟|秒|周岁|周年|星期|学时|年|日|天|岁|周|季度",
        "批次|人次|车次|班次|架次|人日|张床位|床位|户次|英里|英尺|英寸",
        "mw|gw|kw|tw|kwh|mwh|gwh|kv|kva|km2|km|cm|mm|m3|m2|kg|mg|ml|mb|gb|tb|mpa|kpa|hz|ppm|db",
        "m³|m²|㎡|t|m|g|l|w|v",
        "个|家|项|种|人|户|名|位|头|只|辆|台|套|条|座|所|处|件|批|次|场|张|笔|例|宗|款|章|编|节|级|层|届|份|本|部|篇",
        "枚|株|艘|架|列|对|组|队|支|轮|类|间|站|片|块|档|步|方|成|倍|口|颗|粒|桩|门|期|大",
        "幅|棵|册|页|字|首|尊|幢|栋|瓶|箱|盒|袋|回|遍|趟|盏|匹|桶|床|餐",
        "省|市|县|区|村|国|洲|票|分(?!贝)|度|道|亩次",
    )
)

# Numerals that count nothing: set words that begin like a figure.
SET_NUMERALS = "零|一些|一定|一批|一体|一样|一步|一次性|一季度|十大|百强|一方|一部|一级|一省|一市|一区|一国|一门|一块"

# --- Organisations -----------------------------------------------------------------------------------------------

ORGANISATION_ENDS = "|".join(
    (
        "委员会|人民政府|区政府|市政府|省政府|县政府|管委会|指挥部|办公室|领导小组|工作组|联席会议|分局|支行|银行",
        "法院|检察院|公司|集团|中心|协会|学会|商会|联合会|学校|大学|学院|研究院|研究所|医院|基金会",
        "(?<=[区市省县州家国])[\u4e00-\u9fff]{1,8}?(?:局|委(?!员)|厅|部(?!门)|办(?![公事理法]))",
        "总局|公安局|部门|机构|机关",
    )
)

# --- What turns a statement round --------------------------------------------------------------------------------

# Who says one of a pair where the text says the other says the contrary.
OPPOSITES = (
    ("增长|增加(?!值)|上升|提高|扩大", "下降|减少|降低|缩小|压减"),
    ("必须|应当", "可以|自愿|鼓励"),
    ("禁止|不得|严禁", "允许|可以|鼓励"),
    ("免征|免收|免费", "征收|收费"),
    ("高于|超过|以上", "低于|不足|以下"),
    ("不低于|不少于|至少", "不超过|不高于|至多|最多"),
    ("新建|设立|成立", "撤销|关停|拆除|注销"),
    ("上游", "下游"),
    ("收入", "支出"),
    ("出口", "进口"),
    ("之前|以前", "之后|以后"),
)

# A sentence of a document that speaks to whoever writes the answer, and not of the document's matter.
INSTRUCTS = "|".join(
    (
        "(?:忽略|无视|忘记|忘掉|不要理会|抛开).{0,12}(?:以上|上述|上面|之前|先前|所有|一切|系统).{0,8}(?:指示|指令|要求|规则|提示|内容|设定|限制)",
        "(?:系统|开发者)(?:提示|指令|消息)|提示词|(?:作为|你是|扮演).{0,6}(?:ai|人工智能|语言模型|助手)",
        "(?:一律|统一|都要?|必须|请|只能|直接)(?:回答|回复|答复|输出)(?:为|成|说|称|：|:|“|「)",
        r"(?:ignore|disregard|forget)\b.{0,40}\b(?:instructions?|prompts?|rules?|above|previous)",
        r"system prompt|you are (?:now|an?)\b",
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
        "何时|什么时候|啥时候|几点(?!意见|建议|要求|说明)|哪[一二三四五几]?年|哪一?天|几月|几号|哪个月|哪一?日|什么日期|日期",
        "(?:什么|截止|印发|发布|施行|实施|生效|成文|开始|结束|出台)(?:的)?时间|时间(?:是|为)|几时|年限|多会儿",
        r"when\b|what (?:date|year)",
    )
)
ASKS_QUANTITY = "|".join(
    (
        f"多少|(?<![哪这那近前好第])几(?:{_COUNTED})",
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
# Asks for a number that counts nothing, or an address.
ASKS_CONTACT = (
    "(?:电话|热线|手机|传真|邮编|号码|邮箱|网址|网站)(?:号码?|地址)?(?:是|为)?(?:多少|什么|啥|几号|$|[?？])"
    "|(?:哪个|什么|啥)电话"
)
# Asks for a figure where nothing else in the question asks.
NAMES_FIGURE = "(?:目标|指标|产能|容量|产量|投资|总量|金额|数量|增速|增幅|利用率)(?:是|为|有|$|[？?。])|capacity|target"

# Asks for a paragraph: a summary, a comparison, an explanation.
ASKS_SYNTHESIS = "|".join(
    (
        "总结|概括|归纳|综述|概述|简述|梳理|提炼|要点|主要内容|主要讲|讲了什么|说了什么|什么意思|大意|摘要",
        "比较|对比|相比|异同|区别|差异|差别|(?:有何|有什么|哪些)不同|不同(?:之处|点)|共同点|相同点",
        "为什么|为何|怎么理解|如何理解|怎样理解|意味着|(?:阐述|论述|分析|解读|谈谈|讲讲|介绍|解释)(?:一下)?(?!机关|机构|单位|信|权|人|部门|由|归)",
        "^(?:请)?(?:详细|简要|具体)?说明(?!书)|(?:各|几|多|两)(?:个|份|篇)?(?:省市?|市|地区|地方|文件|报告|文档|方案)",
        r"\b(?:summari[sz]e|compare|explain|overview|difference between|why)\b",
    )
)
# Asks for a summary of a document, or of one of its subjects; politeness is cut off before.
ASKS_SUMMARY = "|".join(
    (
        "^(?:总结|概括|归纳|综述|概述|简述|梳理|提炼)|(?:总结|概括|归纳|概述|梳理|提炼)一?下",
        "(?:主要内容|要点|大意)(?:是什么|是啥|有哪些)?[?？。]*$|[讲说]了(?:什么|啥|些什么|哪些)",
    )
)
# Words of such a question that say what is to be done, not what it is about.
SYNTHESIS_WORDS = (
    "总结 概括 归纳 综述 概述 简述 梳理 提炼 要点 主要 内容 摘要 比较 对比 相比 异同 区别 差异 差别 不同 之处 共同点 "
    "为什么 为何 理解 意味着 意味 阐述 论述 分析 解读 谈谈 讲讲 介绍 解释 说明 详细 简要 具体 部分 情况 有关 相关"
)

# --- Sentences of language models ---------------------------------------------------------------------------------

# Words that lead into a sentence and say nothing of their own.
LEADS_IN = (
    "具体 来看 来说 而言 可知 可见 显示 根据 资料 文件 方案 规定 表明 指出 提出 明确 主要 包括 如下 方面 首先 "
    "其次 最后 总体 综合 综上 总之 由此 相关 有关 值得 注意 需要 应当 可以 情况 也就是说 换句话说 简单 一般 "
    "通常 同样 因此 所以 此外 另外"
)
# Nouns that are said of anything: that a quote lacks them tells nothing.
GENERAL_NOUNS = (
    "情况 方面 内容 问题 措施 工作 任务 目标 要求 重点 领域 基础 条件 方式 方法 过程 结果 作用 意义 影响 关系 "
    "因素 原因 特点 阶段 范围 程度 水平 能力 机制 体系 制度 政策 规定 文件 资料 方案 部门 单位 人员 对象 主体 "
    "时间 地方 国家 法律 依据 行为 权利 义务 责任 事项 数量 总量 规模 比例 金额 标准 原则 环节 途径 手段 角度 "
    "前提 状态 性质 类型 形式 名称 部分 整体 全部 其余 其他 期间 目的 本质 总体 同时 结论 上述 下列 以下 有关 "
    "产生 发生 出现 存在"
)

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
NO_PLACES = frozenset(["新建", "东西", "城镇", "乡镇", "市区", "城区", "全国", "中国", "城乡", "本地", "当地", "国内"])

# --- Questions: several in one turn ------------------------------------------------------------------------------

# 能不能, 有没有, 吗: ask for yes or no.
ASKS_YES_NO = "吗|是否|能否|可否|有没有|(?P<verb>[\u4e00-\u9fff])不(?P=verb)|列出|列举"
ASKS_ENGLISH = r"(?:what|when|where|which|who|how|why)\b"
# What may stand at the beginning of a question that follows another without more than a 、 between them.
OPENS_QUESTION = (
    "(?:另外|还有|以及|同时)?(?:又|都|还|是|由|归|向|在|从|到|给|找|按)?"
    "(?:谁|哪|什么|何时|何地|几[个家项时天年]|多少|怎么|如何)"
)
# A clause that goes on with the question before it.
DEPENDENT_CLAUSE = "就|才|便|否则|不然|还是|或者?|再(?!问|有|请)|而不是|比如|例如|包括|如果|假如|即|也就是"
# What links a second question to the first, and says nothing.
LINKS = (
    r"^(?:(?:and\b|另外|还有|以及|同时|此外|顺便|并且|而且|然后|再问一下|还想问|其次|第[一二三四五]|[1-6１-６][.、．])"
    r"[,，:：]?\s*)+"
)
# 分别, 各: the same is asked of each of several.
EACH = "(?:分别|各自)(?:的)?(?=是|为|有|要|由|归|达|计划|需|在|将|应|多|什么|怎)|各(?=是|为|有多|要|由|归|达|需|多少)"

# --- Questions: politeness around them ---------------------------------------------------------------------------

_ADDRESSED = "(?:尊敬的|亲爱的)?(?:各位)?(?:领导|老师|专家|师傅|同志|小?助手|客服|机器人|朋友|亲|大家|您|你)?们?"
_APOLOGY = "打扰(?:您|你)?(?:一下|了)*|不好意思|(?:很|非常)?抱歉|对不起|冒昧(?:请教|打扰|地?问一[下句])?|劳驾"
GREETING = (
    rf"(?:{_ADDRESSED}[,，]?(?:您|你|大家)好|(?:老师|领导|师傅|专家|同志|各位)们?好"
    rf"|(?:早上|上午|中午|下午|晚上)好|哈喽|嗨|hi|hello|hey|dear sir|{_APOLOGY}"
    r"|在吗|在不在)(?:呀|啊|哈|哦)*(?![a-z])"
)
# What takes note of an answer; a clause of its own.
NOTED = "好的?|嗯+|哦+|噢|行|ok|okay|是的|对|明白|知道|了解|懂|收到|清楚"
THANKS = (
    r"(?:(?:先|非常|十分|万分|多|太)?(?:谢谢|感谢|多谢|thanks|thank you|thx)+(?:您|你|大家|老师)?(?:了|先)?"
    r"|(?:您|你)?(?:辛苦|麻烦|费心|受累)(?:您|你|大家)?了|(?:拜托|有劳)(?:您|你)?了?|不胜感激|感激不尽"
    r")(?:啦|了|哈|啊|哦|呀)*(?![a-z])"
)
# What is put to whoever answers, or asks for the time of day: no document is asked.
PERSONAL = "|".join(
    (
        "^(?:你|您)(?:到底|究竟)?(?:是(?!否|不是)|叫|觉得|认为|喜欢|多大|几岁|会(?:什么|啥|干|做|不会|说|唱|写)|能(?:干|做)(?:什么|啥))",
        "(?:开发|创造|训练|设计|制作|发明|做)(?:了|出了?)(?:你|您)(?:的|吗|呢|呀|啊)*$",
        "^(?:你|您|大家)?(?:今天|最近|中午|晚上)?(?:吃|睡|下班|上班|忙|累|休息)(?:过|得)?(?:饭|觉|好|完)?(?:了|不)?(?:吗|没有?|么|不)(?:呀|啊|呢)*$",
        "^(?:你|您|大家)?(?:今天|最近)?(?:还好|怎么样|忙什么|过得好|身体好)(?:吗|呀|啊|呢)*$",
        "^(?:今天|现在|此刻)(?:是|到)?(?:几号|几月|星期几|周几|礼拜几|几点|多少号|什么(?:时间|时候|日子))(?:了|呢|啊|呀)*$",
    )
)
# What ends a turn, but only as a clause of its own.
CLOSING = (
    r"急+|在线等|盼复|please|pls|(?:期待|等待|盼)(?:着|望)?(?:您|你)?的?(?:回复|答复|解答|回答)"
    r"|(?:顺?祝|祝)(?:您|你)?[\u4e00-\u9fff]{2,8}"
)
_SELF = "(?:我们|我(?!们)|咱们|咱(?!们)|俺|本人|我这边|我们?(?:单位|公司|这边|科室?))"
_ASKER = "工作人员|人员|员工|职员|科员|干部|同志|学生|老师|市民|居民|群众|记者|新人|新来的|新手|办事的|群众"
_CHIEF = "领导|老板|上级|主任|局长|处长|科长|书记|同事|朋友|家里人|客户"
_LOOK = (
    "问问?|请教(?![育师授练学])|咨询|查查?|查一查|看看?|看一看|找找?|了解|打听|核实|确认|说说|讲讲|告诉|告知|解答|回答"
    "|介绍"
)
_BIT = "一下儿?|一句|下(?!降|达|游|属|一|列|级|设|调|岗|发|跌|面|水|半|月|周)|个(?:小)?问题|个事儿?"
# A clause that says who asks, and why, where another clause asks.
CIRCUMSTANCE = "|".join(
    (
        "(?:事情|情况)?是这样(?:的|子的)?",
        rf"{_SELF}?(?:就)?是(?:[\u4e00-\u9fff]{{0,12}}的?)?(?:{_ASKER})",
        rf"(?:{_SELF})?(?:{_CHIEF})(?:急着|刚刚?|正|现在)?(?:让|叫|要|问|安排|催|要求)(?:{_SELF})?(?:来|去)?(?:{_LOOK})?(?:{_BIT}|呢)?",
        rf"{_SELF}?(?:现在|最近|正好)?(?:正在|在|要|需要)?(?:写|做|准备|整理|编写?)(?:一?[个份篇])?(?:材料|报告|汇报|ppt|稿子|总结|作业|论文|功课)",
        rf"{_SELF}?(?:现在)?(?:需要|想)(?:用到?|知道|问|请教|咨询)(?:一?个|几个|些)?(?:数字?|数据|问题|情况|事情?)",
        rf"{_SELF}?有(?:一?个|点|些)?(?:问题|事情?|地方)?(?:不太|不大|不|没太?)?(?:明白|清楚|懂|了解|确定|想请教|想问)?",
        rf"{_SELF}?(?:不太|不大|不|没太?)(?:明白|清楚|懂|了解|确定)",
    )
)
_COULD = "能不能|能否|可不可以|可否|可以|是否可以|方便的话|方便"
# What leads to a question: 「能不能麻烦您帮我查查」, 「我就想问一句」, 「请问」.
REQUEST = "|".join(
    (
        rf"(?:再|想)?请问(?:{_BIT}|您|你)*(?:哈|啊)?",
        rf"{_SELF}?(?:还|就|只|也)?(?:想要?|要|需要|希望能?)?(?:先|再|跟您|向您|跟你|向你)?"
        rf"(?:知道|了解|咨询|请教(?![育师授练学])|打听|问(?![责题世询卷答诊]))(?:{_BIT}|到|清楚)*(?:的是)?(?:哈|啊)?",
        rf"{_SELF}?想?(?:{_COULD})?{_SELF}?(?:(?:麻烦|烦请|劳烦|拜托|有劳)(?:您|你|大家)?|请(?:您|你|大家)|请(?=帮|给我|替|{_LOOK}))+"
        rf"(?:{_COULD})?(?:(?:帮|给|替)(?:忙|{_SELF}))?(?:{_LOOK})?(?:{_BIT}|到|出|清楚)*(?:{_SELF})?(?:{_BIT})?(?:哈|啊)?",
        rf"(?:{_COULD})?(?:您|你)?(?:帮|给|替)(?:忙|{_SELF})(?:{_LOOK})(?:{_BIT}|到|出|清楚)*",
        rf"(?:{_COULD})?(?:您|你)?(?:告诉|告知)(?:{_SELF})(?:{_BIT})?",
    )
)
# Words within a question that say nothing.
FILLERS = (
    "到底|究竟|来着|(?:咱们|咱(?!们))(?=这|的?[\u4e00-\u9fff]{2})(?!县|区|市|省|国|镇|村|单位|公司|企业|部门)"
    "|这一?块儿?(?=[,，的是由归有要谁哪]|咱|我|到底|什么|多少)|(?<=[,，])就是那个|^就是那个|^那个(?=[\u4e00-\u9fff]{3})"
    "|(?<=[\u4e00-\u9fff])[呀啊哈哦啦](?=\\W*$)"
)

# --- Questions: in pinyin ----------------------------------------------------------------------------------------

# Phrases of questions about anything; documents that are searched seldom hold them.
ASKING_PHRASES = (
    "是多少 有多少 要多少 多少个 多少家 多少钱 多少人 多少年 多少吨 多少天 是什么 有什么 "
    "叫什么 为什么 什么时候 什么地方 是哪个 哪个部门 哪些 有哪些 哪里 在哪里 哪一年 哪一天 "
    "哪几个 是谁 由谁 谁负责 谁牵头 怎么样 怎么办 怎样 如何 多久 多大 谁呢 多少呢 了吗 的吗 "
    "几个 几家 几年 几天 几项 是几 有几 的目标 目标是 的单位 单位是 的时间 时间是 负责 牵头 "
    "计划 要求 可以吗 是否 能不能 有没有"
)

# --- Questions: after other questions ----------------------------------------------------------------------------

# How a follow-up begins, and how it asks for the same again.
FOLLOW_UP_LEAD = (
    "^(?:那么|那|还有|另外|以及|再问一下|请问|然后|接着|换成|改成|如果是|要是|至于|对于|关于)+[,，]?(?!里|边|些|个|么)"
)
ASKS_AGAIN = "(?:又|也|还)?(?:是|有|要)?(?:多少|什么|哪些|谁|几个|怎样|如何|怎么样|什么时候)?呢?[?？。!！]*$"
PRONOUNS = (
    "(?<![其吉])[他她它]们?的?(?![人项])|其中的?|其(?![他它余实中])|这些的?|上述的?|前者的?|后者的?|这里的?|此项|那个的?"
    "|(?<!应)该(?![当由如])|这[一二两三四五几]?[个项家种类](?!文|方案|通知|办法|条例|规定|报告|月|季)"
    "(?:项目|任务|目标|产业|产品|企业|单位|工作|部门)?的?"
)
YEARS = "(?:(?:19|20)\\d{2}年?(?:-{1,2}|至|到))?(?:19|20)\\d{2}年?|今年|本年度?|去年|上年度?|上一年|前年|明年|后年"
# What things have, and are asked for: without the thing, a question for it is about nothing.
RELATIONAL = "|".join(
    (
        "牵头|责任|主管|配合|协助|承办|主办|经办|发文|发布|印发|解释|负责|单位|部门|机构|机关|负责人|责任人|联系人|主体",
        "有效期|期限|时限|时间|日期|年限|周期|频次|地点|地址|位置|电话|电话号码|文号|标题|名称|名字|全称|简称|编号",
        "金额|价格|费用|成本|收入|投资|资金|预算|总额|比例|占比|面积|长度|高度|规模|产能|产量|产值|容量|数量|数字|人数|总数",
        "增速|增幅|利用率|目标|指标|标准|条件|材料|流程|程序|手续|步骤|方式|渠道|原则|目的|依据|范围|对象|内容|重点|任务|措施",
        "要求|结果|原因|背景|意义|特点|特色|优势|处罚|罚款|奖励|补贴|后果|情况|问题|的",
    )
)
# What plans and reports have a chapter for: a question for it is about the document, not about what was asked before.
DOCUMENT_PARTS = (
    "(?:主要|总体|重点|基本|指导|发展|工作|保障|组织|实施|适用)"
    "(?:目标|任务|原则|思想|要求|思路|措施|保障|领导|步骤|范围|对象)(?!单位|部门)"
)
# What a verb begins with that says nothing yet: 要收, 可以办.
MODALS = "要能可会应须需得"

# --- Questions: in English ---------------------------------------------------------------------------------------

# What asks: the Chinese for it before the noun that is asked for, and alone, at the end.
ENGLISH_ASKS = {
    "what": ("什么", "是什么"),
    "which": ("哪些", "是哪个"),
    "who": ("", "是谁"),
    "whom": ("", "谁"),
    "whose": ("谁的", "谁"),
    "when": ("", "什么时候"),
    "where": ("", "在哪里"),
    "why": ("", "为什么"),
    "how": ("", "怎么"),
}
# What 「how」 goes with.
ENGLISH_DEGREES = {
    "many": "多少",
    "much": "多少",
    "long": "多久",
    "often": "多久一次",
    "large": "多大",
    "big": "多大",
    "high": "多高",
    "far": "多远",
    "old": "多大",
}
_ENGLISH_GROUPS = {
    "auxiliaries": "is are was were be been being am do does did has have had will would shall should can could may"
    " might must need",
    "prepositions": "of in on at for by from with to under about into over within during through against between among"
    " as per",
    "light": "the a an and or this that these those it its there their his her our your you we i any some please tell"
    " me us give",
}
ENGLISH_AUXILIARIES = frozenset(_ENGLISH_GROUPS["auxiliaries"].split())
ENGLISH_PREPOSITIONS = frozenset(_ENGLISH_GROUPS["prepositions"].split())
ENGLISH_LIGHT = frozenset(_ENGLISH_GROUPS["light"].split())

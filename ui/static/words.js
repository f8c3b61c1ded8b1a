/** What the chat says in the browser, in Chinese for everybody and in English for `?lang=en`. */

const CHINESE = {
  language: "zh-CN", product: "依据", colon: "：", comma: "，", claim: "每个答案都有出处", other: "English",
  scope: "检索范围", documents: "文档", history: "历史", anew: "新对话", close: "关闭",
  question: "问题", answer: "回答", conversation: "对话", send: "发送", stop: "停止", down: "回到最新", placeholder: "就文档提问，按回车发送",
  heading: "您想了解什么？", hint: "答案逐条注明出处，点编号看原文；文档里没有的，会明确告知。",
  basis: "出处 {n}", see: "查看原文", lead: "可能相关的原文", read: "检索到的片段", fetching: "正在取原文…", laying: "正在生成页面图像…", offline: "无法连接服务，请稍后再试。",
  notAnswer: "这段原文可能相关，不一定能回答您的问题。", pageN: "第{n}页", pageImage: "第{n}页的图像，所引各行已标出", plainImage: "第{n}页的图像", pageOf: "第 {n} 页，共 {of} 页", pageBefore: "上一页", pageAfter: "下一页", smaller: "缩小", larger: "放大", pageKeys: "页面图像：左右方向键翻页，加减号缩放", table: "表格", view: "在文档中查看", copyQuote: "复制引文与出处", copied: "已复制",
  chosen: "{what}", clearScope: "不限范围", apply: "应用", findDocument: "查找文档", issuer: "发文机关", region: "地区",
  year: "年份", none: "没有可选的。", several: "{n} 项", about: "现有 {n} 份文档：{titles}。", aboutMany: "现有 {n} 份文档，例如{titles}。", nothing: "还没有文档。", addDocuments: "添加文档", stopped: "已停止。",
  exportMarkdown: "导出 Markdown", exportWord: "导出 Word", clearAll: "清空全部历史", confirmClear: "再点一次：清空全部历史", remove: "删除“{what}”", pin: "置顶“{what}”", renameConversation: "改名“{what}”", findConversation: "查找对话", undoRemoval: "已删除，撤销",
  kept: "历史只保存在这个浏览器里。", noHistory: "还没有历史。",
  thanks: "已记下，谢谢。", whatIsWrong: "哪里不对？", reasons: ["答非所问", "引用的原文不对", "内容已过时", "数字或名称不对"], more: "补充说明（可不填）", submit: "提交",
};

const ENGLISH = {
  language: "en", product: "Yiju", colon: ": ", comma: ", ", claim: "Every answer has a source", other: "中文",
  scope: "Scope", documents: "Documents", history: "History", anew: "New", close: "Close",
  question: "Question", answer: "Answer", conversation: "Conversation", send: "Send", stop: "Stop", down: "To the latest", placeholder: "Ask about the documents",
  heading: "What would you like to know?", hint: "Every answer names its source: choose a number to read it. What the documents do not say, you are told so.",
  basis: "Source {n}", see: "read the source", lead: "Possibly related", read: "Passage found", fetching: "Fetching the text…", laying: "Making the page images…", offline: "The service cannot be reached. Please try again later.",
  notAnswer: "This is the nearest text; it may not answer the question.", pageN: "page {n}", pageImage: "Image of page {n}, the quoted lines marked", plainImage: "Image of page {n}", pageOf: "Page {n} of {of}", pageBefore: "Previous page", pageAfter: "Next page", smaller: "Smaller", larger: "Larger", pageKeys: "Page image: arrow keys turn pages, plus and minus enlarge", table: "Table", view: "View in document", copyQuote: "Copy quote and source", copied: "Copied",
  chosen: "Scope: {what}", clearScope: "No restriction", apply: "Apply", findDocument: "Find a document", issuer: "Issuer", region: "Region",
  year: "Year", none: "Nothing to choose from.", several: "{n} chosen", about: "{n} documents: {titles}", aboutMany: "{n} documents, such as {titles}", nothing: "There are no documents yet.", addDocuments: "Add documents", stopped: "Stopped.",
  exportMarkdown: "Export Markdown", exportWord: "Export Word", clearAll: "Clear all history", confirmClear: "Again to clear all history", remove: "Delete “{what}”", pin: "Pin “{what}”", renameConversation: "Rename “{what}”", findConversation: "Find a conversation", undoRemoval: "Deleted: undo",
  kept: "History is kept in this browser only.", noHistory: "No history yet.",
  thanks: "Noted, thank you.", whatIsWrong: "What is wrong?", reasons: ["Not what was asked", "The wrong source", "Out of date", "A wrong figure or name"], more: "More (optional)", submit: "Submit",
};

export const words = new URLSearchParams(location.search).get("lang") === "en" ? ENGLISH : CHINESE;

/** A text with its braces filled in. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** What Gradio's notices say, in Chinese. What it does about a lost connection is right as it is: it tries every two
    seconds and loads the page anew, and `kept.js` brings the conversation back. */

import { words } from "./words.js";

const CHINESE = {
  "Connection to the server was lost. Attempting reconnection...": "与服务的连接已断开，正在重新连接；连上后自动恢复。",
  "Connection errored out.": "无法连接服务，请稍后再试。",
  "This application is currently busy. Please try again.": "现在提问的人太多，请稍后再试。",
  Error: "出错了",
  Warning: "请注意",
  Info: "提示",
  Success: "完成",
};

function translate(notice) {
  const texts = document.createTreeWalker(notice, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const said = CHINESE[texts.currentNode.data.trim()];
    if (said) texts.currentNode.data = said;
  }
  notice.querySelectorAll('[aria-label="Close"]').forEach((close) => close.setAttribute("aria-label", words.close));
}

if (words.language !== "en") {
  const all = () => document.querySelectorAll('[data-testid="toast-body"]').forEach(translate);
  new MutationObserver(all).observe(document.body, { childList: true, characterData: true, subtree: true });
}

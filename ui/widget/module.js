/* 依据 as a module, for pages that are built:

   import { widget } from "yiju-widget"; // or from "http://HOST/widget/module.js"
   const chat = await widget("http://HOST", { title: "文档问答", position: "left" });
   chat.addEventListener("yiju:answer", ({ detail }) => console.log(detail.answered, detail.citations));
   chat.open("光伏装机目标是多少？"); */

/**
 * Put the bubble on the page, once.
 * @param {string} service where 依据 is served, with the path that a proxy puts before it.
 * @param {Record<string, string>} settings attributes of the tag, without `data-`.
 * @returns {Promise<HTMLElement & { open(question?: string): void, close(): void }>} the widget's element.
 */
export function widget(service, settings = {}) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("widget.js", `${service.replace(/\/+$/, "")}/`).href;
    Object.assign(script.dataset, settings);
    script.onload = () => resolve(document.querySelector("yiju-widget"));
    script.onerror = () => reject(new Error(`无法加载 ${script.src}`));
    document.head.append(script);
  });
}

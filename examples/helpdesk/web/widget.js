// The chat on any page, by one tag:
//
//   <script src="https://chat.example/widget.js" data-token="/chat-token" async></script>
//
// data-token        where the site says who the visitor is: answers {token, expires_at, files?, preview?}. It is
//                   asked with the site's cookies. Without it the demo's tokens are taken
// data-server       where kefu is; by default where this file is
// data-visitor      the visitor's id, if the site knows them; else this browser keeps one
// data-departments  to choose from: "support=Support, sales=Sales"; the first is the default
// data-ask          what to ask before a chat: "name, subject" (the default), or less; "" for nothing
// data-title        above the chat
// data-lang         "en" or "zh"; by default the page's, else the browser's
// data-theme        "light" or "dark"; by default as the system says
// data-side         "left" or "right" (the default)
//
// As it is here it loads the modules beside it; packed (../pack.sh) it is all there is.

(() => {
  const script = document.currentScript;
  import('./widget-app.js').then(({ embed }) => embed(script));
})();

// The texts of the demo pages, in English and Chinese. The browser's language decides; ?lang=en or
// ?lang=zh overrides.

const TEXTS = {
  en: {
    visitor_title: 'Customer service',
    start_heading: 'How can we help?',
    start_hint: 'Somebody will be with you shortly.',
    subject: 'What is it about?',
    subject_placeholder: 'A few words',
    department: 'Department',
    support: 'Support',
    sales: 'Sales',
    start: 'Start chat',
    start_again: 'Start a new chat',
    message: 'Message',
    message_placeholder: 'Write a message',
    send: 'Send',
    end_chat: 'End chat',
    end_question: 'End this chat?',
    earlier: 'Show earlier messages',
    log: 'Messages with {name}',
    sending: 'sending',
    sent: 'sent',
    delivered: 'delivered',
    read: 'read',
    failed: 'not sent',
    retry: 'Send again',
    discard: 'Discard',
    why_denied: 'it was refused',
    why_closed: 'the conversation is closed',
    why_too_large: 'it is too long',
    why_not_found: 'the conversation is gone',
    why_other: '{code}',
    you: 'You',
    typing: '{name} is typing …',
    preview_told: 'Our staff may see what you type before you send it.',
    agent: 'Agent',
    visitor: 'Visitor',
    system: 'System',
    reset: 'Some messages are not shown here. Earlier ones can be loaded.',
    opened: 'The conversation was opened.',
    assigned: '{name} has joined.',
    closed: 'The conversation was closed.',
    queued: 'The conversation waits for an agent.',
    held: 'The conversation is on hold.',
    resumed: 'The conversation goes on.',
    resolved: 'The matter was resolved.',
    reopened: 'The conversation was reopened.',
    abandoned: 'The conversation was given up.',
    ticketed: 'Opened while nobody was here. What is written is kept as a ticket, and answered here.',
    merged: 'What was written before signing in belongs to this conversation now.',
    continued: 'It goes on in another conversation.',
    recalled: 'A message was taken back.',
    taken_back: 'This message was taken back.',
    kept_no_longer: 'This message is kept no longer.',
    recall: 'Take back',
    recall_too_late: 'It is too late to take this message back.',
    attach: 'Send files',
    drop_here: 'Drop files here to send them',
    no_files: 'No files can be sent here.',
    outgoing: 'Files being sent',
    a_file: '[File]',
    picture: 'Picture: {name}',
    file_loading: 'A file …',
    file_nameless: 'file',
    file_save: 'Save the file',
    file_pending: 'is being checked',
    file_refused: 'was refused by the check',
    file_gone: 'This file is no longer there.',
    file_lost: 'This file can’t be reached right now.',
    try_again: 'Try again',
    pause: 'Pause',
    go_on: 'Go on',
    cancel: 'Cancel',
    upload_far: '{sent} of {size}, {percent} %',
    upload_paused: 'paused',
    upload_network: 'no connection, trying again',
    upload_busy: 'the server is busy, trying again',
    upload_unauthenticated: 'not signed in, trying again',
    upload_denied: 'not allowed here',
    upload_not_found: 'this conversation takes no files',
    upload_too_large: 'too large',
    upload_no_room: 'the server has no room',
    upload_bad_file: 'the server doesn’t take it',
    upload_other: '{code}',
    upload_said_done: '{name} is sent.',
    place: 'Place {position} in the queue',
    eta: 'about {minutes} min',
    closed_until: 'We are closed until {time}. Leave a message: it is answered here.',
    closed_now: 'We are closed. Leave a message: it is answered here.',
    opens_at: 'We are back {time}. What you write is kept.',
    with_agent: 'With {name}',
    state_queued: 'Waiting for an agent',
    state_active: 'In conversation',
    state_closed: 'Closed',
    state_abandoned: 'Given up',
    state_offered: 'Waiting for an agent',
    state_on_hold: 'On hold',
    state_resolved: 'Resolved',
    state_bot: 'With the assistant',
    state_other: '{state}',
    status_stopped: 'Disconnected',
    status_connecting: 'Connecting …',
    status_online: 'Connected',
    status_waiting: 'No connection. Trying again …',
    banner_waiting:
      'There is no connection right now. What you write is kept and sent as soon as there is one.',
    banner_pending: 'Not sent yet: {count}',
    unread: '{count} unread',
    no_subject: 'No subject',
    error: 'Something went wrong: {code}',
    name: 'Your name',
    open_chat: 'Open the chat',
    minimise: 'Minimise the chat',
    go_back: 'Back to the chat',
    not_now: 'Not now',
    rating_question: 'How did we do?',
    rating_comment: 'Anything you would like to add?',
    rating_of: '{score} of {best}',
  },
  zh: {
    visitor_title: '在线客服',
    start_heading: '有什么可以帮您？',
    start_hint: '很快会有客服接待您。',
    subject: '咨询主题',
    subject_placeholder: '简单描述一下',
    department: '部门',
    support: '技术支持',
    sales: '销售',
    start: '开始咨询',
    start_again: '重新咨询',
    message: '消息',
    message_placeholder: '请输入消息',
    send: '发送',
    end_chat: '结束咨询',
    end_question: '确定结束本次咨询吗？',
    earlier: '查看更早的消息',
    log: '与{name}的消息',
    sending: '发送中',
    sent: '已发送',
    delivered: '已送达',
    read: '已读',
    failed: '未发送',
    retry: '重新发送',
    discard: '删除',
    why_denied: '被拒绝',
    why_closed: '会话已结束',
    why_too_large: '内容过长',
    why_not_found: '会话不存在',
    why_other: '{code}',
    you: '我',
    typing: '{name} 正在输入…',
    preview_told: '您正在输入的内容，客服在您发送前即可看到。',
    agent: '客服',
    visitor: '访客',
    system: '系统',
    reset: '部分消息未显示，可以加载更早的消息。',
    opened: '会话已创建。',
    assigned: '{name} 已接入。',
    closed: '会话已结束。',
    queued: '会话正在等待接入。',
    held: '会话已保持。',
    resumed: '会话已恢复。',
    resolved: '问题已解决。',
    reopened: '会话已重新打开。',
    abandoned: '会话已放弃。',
    ticketed: '创建时无人值班。留言已登记为工单，将在这里答复。',
    merged: '登录前的内容已归入本会话。',
    continued: '已转到另一个会话继续。',
    recalled: '一条消息已撤回。',
    taken_back: '此消息已撤回。',
    kept_no_longer: '此消息已超过保存期限。',
    recall: '撤回',
    recall_too_late: '已超过可撤回的时间。',
    attach: '发送文件',
    drop_here: '将文件拖到此处发送',
    no_files: '此处无法发送文件。',
    outgoing: '正在发送的文件',
    a_file: '[文件]',
    picture: '图片：{name}',
    file_loading: '文件…',
    file_nameless: '文件',
    file_save: '保存文件',
    file_pending: '正在安全检查',
    file_refused: '未通过安全检查',
    file_gone: '文件已不存在。',
    file_lost: '暂时无法获取文件。',
    try_again: '重试',
    pause: '暂停',
    go_on: '继续',
    cancel: '取消',
    upload_far: '{sent} / {size}，{percent}%',
    upload_paused: '已暂停',
    upload_network: '网络断开，正在重试',
    upload_busy: '服务器繁忙，正在重试',
    upload_unauthenticated: '未登录，正在重试',
    upload_denied: '没有权限',
    upload_not_found: '此会话不接收文件',
    upload_too_large: '文件过大',
    upload_no_room: '服务器空间不足',
    upload_bad_file: '服务器不接受此文件',
    upload_other: '{code}',
    upload_said_done: '{name} 已发送。',
    place: '排队第 {position} 位',
    eta: '约 {minutes} 分钟',
    closed_until: '我们将于 {time} 上班。请留言，我们会在这里答复。',
    closed_now: '目前已下班。请留言，我们会在这里答复。',
    opens_at: '我们将于 {time} 上班，您的留言会保留。',
    with_agent: '{name} 为您服务',
    state_queued: '等待接入',
    state_active: '会话中',
    state_closed: '已结束',
    state_abandoned: '已放弃',
    state_offered: '等待接入',
    state_on_hold: '保持中',
    state_resolved: '已解决',
    state_bot: '机器人接待中',
    state_other: '{state}',
    status_stopped: '未连接',
    status_connecting: '连接中…',
    status_online: '已连接',
    status_waiting: '连接断开，正在重试…',
    banner_waiting: '当前没有网络连接。您输入的内容会保留，连接恢复后自动发送。',
    banner_pending: '待发送：{count}',
    unread: '{count} 条未读',
    no_subject: '无主题',
    error: '出错了：{code}',
    name: '您的称呼',
    open_chat: '打开在线客服',
    minimise: '收起在线客服',
    go_back: '返回会话',
    not_now: '以后再说',
    rating_question: '您对本次服务满意吗？',
    rating_comment: '还有什么想说的吗？',
    rating_of: '{score} 分（满分 {best} 分）',
  },
};

/** 'en' or 'zh' */
export let language;

/** Takes the language of that tag; without one the page's address or the browser decides. */
export function setLanguage(tag) {
  const asked = tag || new URLSearchParams(location.search).get('lang') || navigator.language;
  language = (asked ?? 'en').toLowerCase().startsWith('zh') ? 'zh' : 'en';
}
setLanguage();

/** More texts: {en: {name: text}, zh: {…}}. Those of one page stand with that page. */
export function addTexts(more) {
  for (const [tag, texts] of Object.entries(more)) Object.assign(TEXTS[tag], texts);
}

/** The text of that name, with {placeholders} filled in. */
export function t(name, values = {}) {
  const text = TEXTS[language][name] ?? TEXTS.en[name] ?? name;
  return text.replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ''));
}

/** `${prefix}_${what}`, or `${prefix}_other` where there is no such text. */
export function tOr(prefix, what, other = 'other') {
  const name = `${prefix}_${what}`;
  return name in TEXTS.en ? t(name) : t(`${prefix}_${other}`, { code: what, state: what });
}

/** Fills in a page's own elements: data-t (its text), data-t-label, data-t-placeholder. */
export function translatePage(root = document) {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const one of root.querySelectorAll('[data-t]')) one.textContent = t(one.dataset.t);
  for (const one of root.querySelectorAll('[data-t-label]'))
    one.setAttribute('aria-label', t(one.dataset.tLabel));
  for (const one of root.querySelectorAll('[data-t-placeholder]'))
    one.placeholder = t(one.dataset.tPlaceholder);
}

/** The time of day of an RFC 3339 text or of ms since the epoch. */
export function timeText(at) {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '';
  const today = date.toDateString() === new Date().toDateString();
  const format = today
    ? { hour: '2-digit', minute: '2-digit' }
    : { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' };
  return date.toLocaleString(language === 'zh' ? 'zh-CN' : 'en', format);
}

/** A number of bytes, as people say it. */
export function sizeText(bytes) {
  const units = ['B', 'KB', 'MB', 'GB'];
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    ++unit;
  }
  const digits = unit > 0 && value < 10 ? 1 : 0;
  return `${value.toLocaleString(language === 'zh' ? 'zh-CN' : 'en', { maximumFractionDigits: digits })} ${units[unit]}`;
}

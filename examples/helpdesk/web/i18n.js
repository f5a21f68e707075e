// The texts of the demo pages, in English and Chinese. The browser's language decides; ?lang=en or
// ?lang=zh overrides.

const TEXTS = {
  en: {
    app: 'kefu demo',
    index_intro:
      'A help desk on one server: visitors on one side, agents on the other. Open both, side by side or on two devices, and pull the plug now and then: what was sent arrives once, in order.',
    index_visitor: 'I need help',
    index_visitor_hint: 'Open the visitor’s page',
    index_agent: 'I help others',
    index_agent_hint: 'Open the agent’s desk',
    index_more:
      'Any name can be given in the address, for example visitor.html?id=alice or agent.html?id=bob. This is a demonstration: nobody checks who you are.',
    visitor_title: 'Customer service',
    agent_title: 'Agent’s desk',
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
    note_placeholder: 'Write a note that only colleagues see',
    send: 'Send',
    note: 'Internal note',
    note_short: 'Note',
    end_chat: 'End chat',
    close_conversation: 'Close conversation',
    close_short: 'Close',
    close_pane: 'Hide',
    end_question: 'End this chat?',
    back: 'Back to the list',
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
    agent: 'Agent',
    visitor: 'Visitor',
    system: 'System',
    reset: 'Some messages are not shown here. Earlier ones can be loaded.',
    opened: 'The conversation was opened.',
    assigned: '{name} has joined.',
    closed: 'The conversation was closed.',
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
    waiting: 'Waiting',
    nobody_waits: 'Nobody is waiting.',
    mine: 'My conversations',
    no_conversations: 'None yet. Accept somebody who waits.',
    accept: 'Accept',
    accept_whom: 'Accept {name}',
    taken: 'A colleague was faster.',
    unread: '{count} unread',
    nothing_open: 'Choose a conversation.',
    since: 'since {time}',
    no_subject: 'No subject',
    error: 'Something went wrong: {code}',
  },
  zh: {
    app: 'kefu 演示',
    index_intro:
      '一台服务器上的客服中心：一边是访客，一边是坐席。请同时打开两个页面，也可以用两台设备，不时断开网络试试：发出的每条消息都会按顺序送达，且只送达一次。',
    index_visitor: '我要咨询',
    index_visitor_hint: '打开访客页面',
    index_agent: '我是客服',
    index_agent_hint: '打开坐席工作台',
    index_more:
      '可以在地址里指定名字，例如 visitor.html?id=alice 或 agent.html?id=bob。这只是演示：不会验证身份。',
    visitor_title: '在线客服',
    agent_title: '坐席工作台',
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
    note_placeholder: '输入仅同事可见的备注',
    send: '发送',
    note: '内部备注',
    note_short: '备注',
    end_chat: '结束咨询',
    close_conversation: '结束会话',
    close_short: '结束',
    close_pane: '收起',
    end_question: '确定结束本次咨询吗？',
    back: '返回列表',
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
    agent: '客服',
    visitor: '访客',
    system: '系统',
    reset: '部分消息未显示，可以加载更早的消息。',
    opened: '会话已创建。',
    assigned: '{name} 已接入。',
    closed: '会话已结束。',
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
    waiting: '排队中',
    nobody_waits: '暂无访客排队。',
    mine: '我的会话',
    no_conversations: '暂无会话，请从排队列表接入。',
    accept: '接入',
    accept_whom: '接入 {name}',
    taken: '已被同事接入。',
    unread: '{count} 条未读',
    nothing_open: '请选择一个会话。',
    since: '始于 {time}',
    no_subject: '无主题',
    error: '出错了：{code}',
  },
};

const asked = new URLSearchParams(location.search).get('lang') ?? navigator.language ?? 'en';

/** 'en' or 'zh' */
export const language = asked.toLowerCase().startsWith('zh') ? 'zh' : 'en';

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

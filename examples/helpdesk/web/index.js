import { addTexts, translatePage } from './i18n.js';

addTexts({
  en: {
    app: 'kefu demo',
    index_intro:
      'A help desk on one server: visitors on one side, agents on the other. Open both, side by side or on two devices, and pull the plug now and then: what was sent arrives once, in order.',
    index_visitor: 'I need help',
    index_visitor_hint: 'Open the visitor’s page',
    index_agent: 'I help others',
    index_agent_hint: 'Open the agent’s desk',
    index_shop: 'I have a shop',
    index_shop_hint: 'See the chat in somebody’s page',
    index_supervisor: 'I keep an eye on it',
    index_supervisor_hint: 'Open the supervisor’s board',
    index_more:
      'Any name can be given in the address, for example visitor.html?id=alice or agent.html?id=bob. This is a demonstration: nobody checks who you are.',
  },
  zh: {
    app: 'kefu 演示',
    index_intro:
      '一台服务器上的客服中心：一边是访客，一边是坐席。请同时打开两个页面，也可以用两台设备，不时断开网络试试：发出的每条消息都会按顺序送达，且只送达一次。',
    index_visitor: '我要咨询',
    index_visitor_hint: '打开访客页面',
    index_agent: '我是客服',
    index_agent_hint: '打开坐席工作台',
    index_shop: '我有一个网站',
    index_shop_hint: '查看嵌入网页的聊天窗口',
    index_supervisor: '我是主管',
    index_supervisor_hint: '打开主管看板',
    index_more:
      '可以在地址里指定名字，例如 visitor.html?id=alice 或 agent.html?id=bob。这只是演示：不会验证身份。',
  },
});
translatePage();

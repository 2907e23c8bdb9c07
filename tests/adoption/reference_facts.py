"""What osticket/reference-dump.md says of the reference database: its tables, line by line, in its own notation."""

# ruff: noqa: E501 -- lines as they are there

ROW_COUNTS = {
    "_search": 1099,
    "api_key": 1,
    "attachment": 140,
    "canned_response": 6,
    "config": 105,
    "content": 13,
    "department": 7,
    "draft": 1,
    "email": 3,
    "email_account": 0,
    "email_template": 19,
    "email_template_group": 1,
    "event": 21,
    "faq": 6,
    "faq_category": 4,
    "faq_topic": 4,
    "file": 122,
    "file_chunk": 122,
    "filter": 4,
    "filter_action": 5,
    "filter_rule": 7,
    "form": 9,
    "form_entry": 468,
    "form_entry_values": 2197,
    "form_field": 52,
    "group": 0,
    "help_topic": 9,
    "help_topic_form": 11,
    "list": 2,
    "list_items": 4,
    "lock": 1,
    "note": 2,
    "organization": 4,
    "organization__cdata": 3,
    "plugin": 0,
    "plugin_instance": 0,
    "queue": 18,
    "queue_column": 14,
    "queue_columns": 77,
    "queue_config": 2,
    "queue_export": 0,
    "queue_sort": 7,
    "queue_sorts": 73,
    "role": 5,
    "schedule": 6,
    "schedule_entry": 20,
    "sequence": 3,
    "session": 0,
    "sla": 4,
    "staff": 7,
    "staff_dept_access": 10,
    "syslog": 0,
    "task": 61,
    "task__cdata": 61,
    "team": 2,
    "team_member": 4,
    "thread": 367,
    "thread_collaborator": 343,
    "thread_entry": 795,
    "thread_entry_email": 34,
    "thread_entry_merge": 11,
    "thread_event": 1390,
    "thread_referral": 169,
    "ticket": 305,
    "ticket__cdata": 305,
    "ticket_priority": 4,
    "ticket_status": 5,
    "translation": 3,
    "user": 51,
    "user__cdata": 51,
    "user_account": 4,
    "user_email": 52,
}

# staff_id, username, dept, role, admin, active, vacation, assigned_only, extra access (dept:role:flags), permissions
AGENTS = r"""
1 | adminada | 1 | 1 | 1 | 1 | 0 | 0 | 2:1:1,3:1:1,4:1:1,5:1:1,7:1:1 | {"user.create":1,"user.delete":1,"user.edit":1,"user.manage":1,"user.dir":1,"org.create":1,"org.delete":1,"org.edit":1,"faq.manage":1,"visibility.agents":1,"emails.banlist":1,"visibility.departments":1}
2 | bruno | 1 | 1 | 0 | 1 | 0 | 0 | 2:3:1,4:1:1 | {"user.create":1,"user.edit":1,"user.dir":1,"org.create":1,"org.edit":1,"faq.manage":1,"visibility.agents":1}
3 | carla | 2 | 2 | 0 | 1 | 0 | 0 | 1:3:1,7:2:1 | {"user.create":1,"user.dir":1}
4 | dmitri | 3 | 3 | 0 | 1 | 0 | 1 | NULL | NULL
5 | eiko | 1 | 4 | 0 | 1 | 0 | 0 | NULL | {"user.dir":1}
6 | farid | 4 | 2 | 0 | 1 | 1 | 0 | 5:5:1 | {"faq.manage":1}
7 | greta | 7 | 2 | 0 | 0 | 0 | 0 | NULL | NULL
"""

# id, name, pid, path, flags, ispublic, group_membership, sla, schedule, manager, ticket/message auto-response
DEPARTMENTS = r"""
1 | Support | NULL | /1/ | 4 | 1 | 1 | 0 | 0 | 2 | 1/1
2 | Sales | NULL | /2/ | 4 | 1 | 1 | 1 | 0 | 0 | 1/1
3 | Maintenance | NULL | /3/ | 4 | 1 | 0 | 0 | 0 | 0 | 1/1
4 | Network | 1 | /1/4/ | 4 | 1 | 0 | 2 | 1 | 1 | 1/1
5 | VPN | 4 | /1/4/5/ | 7 | 1 | 1 | 3 | 0 | 0 | 1/1
6 | Legacy Desk | 2 | /2/6/ | 8 | 1 | 2 | 0 | 0 | 0 | 1/1
7 | Billing | 2 | /2/7/ | 36 | 1 | 1 | 0 | 0 | 0 | 1/1
"""

# id, name, flags, lead, members (staff:flags)
TEAMS = r"""
1 | Level I Support | 1 | 2 | 2:1,3:0
2 | Field Crew | 3 | 0 | 3:1,4:0
"""

# id, name, status, manager, domain, users
ORGANIZATIONS = r"""
1 | osTicket | 8 |  |  | 0
2 | Umbrella Bakery | 5 | s2 | umbrella.example | 6
3 | Zephyr Airlines | 2 | t1 | zephyr.example | 6
4 | Nörd & Söhne GmbH | 16 |  | nord.example | 7
"""

# id, name, pid, flags, public, dept, priority, SLA, staff/team, number format, forms (form:sort:extra)
TOPICS = r"""
1 | General Inquiry | 0 | 2 | 1 | 0 | 2 | 0 | 0/0 | 0  | 2:1:{"disable":[]}
2 | Feedback | 0 | 2 | 1 | 0 | 1 | 0 | 0/0 | 0  | 2:1:{"disable":[]}
10 | Report a Problem | 0 | 2 | 1 | 3 | 2 | 0 | 0/0 | 0  | 2:1:{"disable":[]}
11 | Access Issue | 10 | 2 | 1 | 0 | 3 | 1 | 0/0 | 0  | 2:1:{"disable":[]}
12 | Hardware Fault | 10 | 2 | 1 | 3 | 3 | 2 | 0/2 | 0  | 2:1:{"disable":[]} ; 8:2:{"disable":[48,53]}
13 | Billing Question | 0 | 3 | 1 | 7 | 0 | 0 | 3/0 | 1 INV-#### | 2:1:{"disable":[]}
14 | Travel Desk | 0 | 2 | 1 | 2 | 1 | 4 | 0/0 | 0  | 2:1:{"disable":[64]} ; 9:2:{"disable":[]}
15 | VPN Trouble | 0 | 2 | 1 | 5 | 4 | 1 | 0/0 | 0  | 2:1:{"disable":[]}
16 | Old Topic | 0 | 4 | 1 | 1 | 0 | 0 | 0/0 | 0  | 2:1:{"disable":[]}
"""

# id, form, type, name, flags, configuration
CUSTOM_FIELDS = r"""
36 | 7 | text | vendor | 0x3001 |
37 | 7 | phone | line | 0x3001 |
38 | 7 | bool | warranty | 0x3001 |
39 | 8 | text | asset_tag | 0x7701 | {"size":16,"length":30,"validator":"regex","regex":"\/^[A-Z]{2}-\\d{4}$\/","validator-error":"Use AA-0000"}
40 | 8 | text | contact_mail | 0x3301 | {"size":16,"length":60,"validator":"email"}
41 | 8 | text | ports | 0x3301 | {"validator":"number"}
42 | 8 | memo | rich_notes | 0x3301 | {"rows":4,"cols":40,"html":true}
43 | 8 | memo | plain_notes | 0x3001 | {"rows":2,"cols":40,"html":false}
44 | 8 | datetime | purchased | 0x3301 | {"time":false}
45 | 8 | datetime | visit_at | 0x3301 | {"time":true,"timezone":"America\/New_York","gmt":false}
46 | 8 | phone | site_phone | 0x3301 | {"ext":true,"digits":7,"format":"us"}
47 | 8 | bool | urgent | 0x3301 | {"desc":"tick if urgent"}
48 | 8 | choices | colour | 0x3301 | {"choices":"r:Red\ng:Green\nb:Blue","default":"g","multiselect":false}
49 | 8 | choices | accs | 0x3301 | {"choices":"dock:Dock\nmouse:Mouse\nbag:Bag","multiselect":true}
50 | 8 | list-2 | device | 0x3301 | {"widget":"dropdown","multiselect":false}
51 | 8 | list-2 | related | 0x3301 | {"multiselect":true}
52 | 8 | files | photos | 0x3301 | {"size":1048576,"extensions":".png, .jpg","max":3}
53 | 8 | break |  | 0x3301 |
54 | 8 | info |  | 0x3301 | {"content":"<b>Note<\/b> to users"}
55 | 8 | priority | impact | 0x3301 |
56 | 8 | department | owner_dept | 0x3001 |
57 | 8 | assignee | tech | 0x3001 |
58 | 8 | timezone | zone | 0x3301 |
59 | 8 | text | res_code | 0x3005 | {"size":10,"length":10}
60 | 8 | text | hidden_one | 0x3300 |
61 | 9 | text | dest | 0x3701 |
62 | 9 | datetime | departure | 0x3301 | {"time":true,"gmt":true}
63 | 2 | choices | channel | 0x3301 | {"choices":"shop:Shop\nweb:Web site\nother:Other"}
64 | 2 | text | order_no | 0x3301 | {"size":16,"length":20}
65 | 1 | choices | tier | 0x3001 | {"choices":"a:Tier A\nb:Tier B"}
66 | 4 | text | vat | 0x3001 | {"size":16,"length":20}
67 | 5 | bool | billable | 0x3001 | {"desc":""}
"""

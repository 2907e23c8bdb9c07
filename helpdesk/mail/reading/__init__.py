"""What can be told from the bytes of a mail, one subject per module; nothing here touches the database.

`helpdesk.mail.incoming.read_mail` puts it together (osticket/mail.md §3).
"""

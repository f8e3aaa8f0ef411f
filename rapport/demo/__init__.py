"""`rapport demo`: three weeks of 240 invented customers' lives on real parts, in two minutes.

Nothing here is a stub: events go in through Kafka, mail comes out through SMTP, and the invented
customers answer only through the doors that real ones have.
"""

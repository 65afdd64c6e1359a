"""Medicare Coverage Database: billing and coding articles, which diagnoses they list for which procedures.

Two sorts of rows. What an article says of a procedure: ``("procedure", "64479", "A56651", …)``. What it says of a
diagnosis: ``("A56651", "M5412", "A56651", …)``. (Procedures times diagnoses would be hundreds of millions of rows.)

Columns: ``subject``: ``procedure`` or the article's id; ``code``: a procedure, or a diagnosis without dot;
``article``; ``list`` of a diagnosis: ``covered`` or ``noncovered``, of a procedure: which lists its article has, by
blanks; ``group``, CMS's number of the code's group in its list; ``marked``: ``Y`` where the article asterisks the
diagnosis; of a procedure only: ``effective`` and ``end``, first and last day of the article's version, and ``states``
(postal codes by blanks) where its Part B contractors apply it.
"""

"""Whole archives folded into stories at once, on DuckDB or Apache Spark.

The rules are those of the stream: profiles, sketches, candidates, the judge and the decisions are the functions
of ``pipeline.dedup``.  Here is only how the work is cut up and carried: stages that hand over Parquet.
"""

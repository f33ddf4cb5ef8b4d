# Turns SQL files into tables of C rows, so that a daemon carries its SQL and needs no file at run time.
#
# Statements:  awk -f embed-sql.awk core.sql
#     `-- name: claim_due (int8 now_us, int4 limit)` starts a statement; its text reaches to the next name.
#     SQL(claim_due, 2, "int8 now_us, int4 limit", "text")
# Migrations:  awk -v migrations=1 -f embed-sql.awk 0001_core.sql 0002_more.sql
#     MIGRATION(1, "0001_core", "text of the file, byte for byte")
#
# Comment lines of statements are dropped, those of migrations are kept. Any awk will do.

function fail(why)
{
    printf "%s:%d: %s\n", FILENAME, FNR, why > "/dev/stderr"
    failed = 1
    exit 1
}

function quoted(s)
{
    gsub(/\\/, "&&", s)
    gsub(/"/, "\\\"", s)
    gsub(/\t/, "\\t", s)
    gsub(/\?\?/, "?\\?", s)
    return "\"" s "\\n\""
}

function end_row()
{
    if (open_row && !lines)
        fail("`" open_row "` has no text")
    if (open_row)
        printf ")\n"
    open_row = ""
    lines = 0
    blank = ""
}

function begin_statement(    name, args, n, parts)
{
    end_row()
    if ($0 !~ /^-- name: [a-z][a-z0-9_]* \(.*\)$/)
        fail("want `-- name: verb_noun (type name, ...)`")
    name = $3
    if (name in seen)
        fail("`" name "` stands here twice")
    seen[name] = 1
    args = substr($0, index($0, "(") + 1)
    sub(/\)$/, "", args)
    n = args ~ /[^ ]/ ? split(args, parts, ",") : 0
    printf "SQL(%s, %d, \"%s\"", name, n, args
    open_row = name
}

function begin_migration(    base)
{
    end_row()
    base = FILENAME
    sub(/.*\//, "", base)
    sub(/\.sql$/, "", base)
    if (base !~ /^[0-9][0-9][0-9][0-9]_[a-z0-9_]+$/)
        fail("a migration is named 0001_what.sql")
    if (substr(base, 1, 4) + 0 != ++n_migrations)
        fail("migration " n_migrations " is missing")
    printf "MIGRATION(%d, \"%s\"", n_migrations, base
    open_row = base
}

BEGIN { print "/* Made by embed-sql.awk; edit the SQL. */" }
{ sub(/\r$/, "") }
migrations && FNR == 1 { begin_migration() }
migrations { printf "%s\n    %s", lines++ ? "" : ",", quoted($0); next }
FNR == 1 { end_row() }
/^-- name:/ { begin_statement(); next }
/^[ \t]*--/ { next }
!open_row && /[^ \t]/ { fail("text before the first `-- name:`") }
!open_row { next }
/^[ \t]*$/ && !lines { next }
/^[ \t]*$/ { blank = blank "\n    \"\\n\""; next }
{
    printf "%s%s\n    %s", lines++ ? "" : ",", blank, quoted($0)
    blank = ""
}
END {
    if (failed)
        exit 1
    end_row()
    if (failed)
        exit 1
    print migrations ? "#undef MIGRATION" : "#undef SQL"
}

#!/bin/sh
# Makes online-retail-extract.csv.gz out of the month 2010-12 of "Online Retail" (README.md):
#
#     ./make-extract.sh path/to/2010-12.csv.gz
#
# Kept are the first two weeks of the SKUs that stand in at least 38 sales rows there (about 150),
# and of those with a correction by hand and at least 15; every row that mentions one of them, and
# what was booked beside goods (postage, discounts) in the same invoices.
set -eu
in=$1
out=$(dirname "$0")/online-retail-extract.csv.gz
plain=$(mktemp)
trap 'rm -f "$plain"' EXIT
gzip -dc "$in" >"$plain"
# Only the description may hold commas, so the columns after it are counted from the end.
awk -F, '
    FNR == 1 { pass++ }
    FNR == 1 || $(NF - 3) >= "2010-12-15" { if (pass == 4 && FNR == 1) print; next }
    { free = $(NF - 2) + 0 == 0 && $(NF - 1) == ""; units = $(NF - 4) }
    pass == 1 { rows[$1]++ }
    pass == 2 {
        if (free && (units < 0 || rows[$1] == 1)) corrected[$2]++
        else if ($1 !~ /^C/) sold[$2]++
    }
    pass == 3 { if (kept($2)) { left[$1]++ } }
    pass == 4 {
        # A line given free that would now stand alone would look like a correction.
        if (free && units > 0 && rows[$1] > 1 && left[$1] == 1) next
        if (kept($2) || ($2 !~ /^[0-9]|^DCGS/ && left[$1])) print
    }
    function kept(sku) {
        return sku ~ /^[0-9]/ && (sold[sku] >= 38 || corrected[sku] && sold[sku] >= 15)
    }
' "$plain" "$plain" "$plain" "$plain" | gzip -9n >"$out"

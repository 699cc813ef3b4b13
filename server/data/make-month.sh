#!/bin/sh
# Makes online-retail-2010-12.csv.gz out of the month 2010-12 of "Online Retail" (README.md):
#
#     ./make-month.sh path/to/2010-12.csv.gz
#
# Every row is kept, of its columns what stock depends on: the description is left out, of the price
# only whether it is 0, of the customer only whether there is one.
set -eu
out=$(dirname "$0")/online-retail-2010-12.csv.gz
# Only the description may hold commas, so the columns after it are counted from the end.
gzip -dc "$1" | awk -F, '
    FNR == 1 { print "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID"; next }
    {
        price = $(NF - 2) + 0 == 0 ? 0 : 1
        customer = $(NF - 1) == "" ? "" : 1
        printf "%s,%s,,%s,%s,%s,%s\n", $1, $2, $(NF - 4), $(NF - 3), price, customer
    }
' | gzip -9n >"$out"

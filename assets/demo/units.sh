#!/bin/sh
# Converts an amount from one unit to another:
#
#     ./units.sh 5 km mi        prints 3.107
#     ./units.sh                lists every unit there is
#
# Each table in units/ holds one quantity. A line gives a unit's name and how many base units it is worth, as a fraction
# (numerator denominator), and where its zero does not lie at the base unit's, how far off it is, in thousandths.
# Only whole numbers are calculated with, so the answer is the same on every machine.
set -eu

home=${UNITS_HOME:-.}

# Sets milli to the thousandths of the decimal number $1.
to_milli() {
    digits=${1#-}
    whole=${digits%%.*}
    part=000
    case $digits in *.*) part=${digits#*.}000 ;; esac
    while [ ${#part} -gt 3 ]; do part=${part%?}; done
    case $whole$part in '' | *[!0-9]*) echo "units: not a number: $1" >&2; return 2 ;; esac
    while case $whole in 0?*) true ;; *) false ;; esac do whole=${whole#0}; done
    # The leading 1 keeps the shell from reading an octal number.
    milli=$((${whole:-0} * 1000 + 1$part - 1000))
    case $1 in -*) milli=$((-milli)) ;; esac
}

# Finds the unit $1 in the table $2; sets numerator, denominator and offset.
look_up() {
    while read -r name numerator denominator offset; do
        if [ "$name" = "$1" ]; then
            offset=${offset:-0}
            return 0
        fi
    done <"$2"
    return 1
}

# Prints what the amount $1 of the unit $2 is in the unit $3.
convert() {
    to_milli "$1"
    for table in "$home"/units/*.tsv; do
        look_up "$2" "$table" || continue
        above=$(((milli + offset) * numerator)) below=$denominator
        if look_up "$3" "$table"; then
            answer "$((above * denominator))" "$((below * numerator))"
            return
        fi
    done
    echo "units: no table has both $2 and $3" >&2
    return 1
}

# Prints $1 / $2 - offset thousandths as a decimal number.
answer() {
    half=$(($2 / 2))
    if [ "$1" -lt 0 ]; then half=$((-half)); fi
    answer=$((($1 + half) / $2 - offset))
    sign=
    if [ $answer -lt 0 ]; then sign=- answer=$((-answer)); fi
    part=$((answer % 1000 + 1000))
    part=.${part#1}
    while case $part in *0 | .) true ;; *) false ;; esac do part=${part%?}; done
    echo "$sign$((answer / 1000))$part"
}

# Lists each table with its units.
list() {
    for table in "$home"/units/*.tsv; do
        name=${table##*/}
        names=
        while read -r unit _; do
            case $unit in '' | '#'*) ;; *) names="$names $unit" ;; esac
        done <"$table"
        printf '%-14s%s\n' "${name%.tsv}" "$names"
    done
}

case ${0##*/} in
units.sh)
    case $# in
    0) list ;;
    3) convert "$1" "$2" "$3" ;;
    *) echo "usage: ./units.sh [<amount> <from> <to>]" >&2; exit 2 ;;
    esac
    ;;
esac

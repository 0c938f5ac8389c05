# SPDX-License-Identifier: LGPL-3.0-or-later
# Completion of hvchain's commands, options and their values for bash.

# Answers with those of the words $2 that begin with $1.
_hvchain_words()
{
    mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1")
}

# Answers with the files and folders whose names begin with $1.
_hvchain_files()
{
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

# Answers with values of the option $1 that begin with $2. False when the option takes none.
_hvchain_scan_value()
{
    case $1 in
    -f | --format) _hvchain_words "$2" 'text json ndjson' ;;
    --witness | --color) _hvchain_words "$2" 'auto always never' ;;
    --fail-on) _hvchain_words "$2" 'info warning problem data-loss-risk never' ;;
    -j | --threads) COMPREPLY=() ;;
    -o | --output) _hvchain_files "$2" ;;
    --host | --inventory | --map) _hvchain_files "${2#*=}" ;; # what follows NAME=
    *) return 1 ;;
    esac
}

_hvchain_scan()
{
    local word=$1 previous=$2

    case $word in
    --*=*) _hvchain_scan_value "${word%%=*}" "${word#*=}" ;;
    *)
        if _hvchain_scan_value "$previous" "$word"; then
            return
        elif [[ $word == -* ]]; then
            _hvchain_words "$word" '--host --inventory --map --witness --format --output --fail-on
                --threads --color --ascii --no-sandbox --quiet --help'
        else
            _hvchain_files "$word"
        fi
        ;;
    esac
}

_hvchain()
{
    local words=() word joined='' i

    # bash takes "=" for a word of its own, and wants an answer for what follows it alone.
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ ${#words[@]} -gt 0 && ($word == = || $joined) ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
        [[ $word == = ]] && joined=yes || joined=''
    done
    COMPREPLY=()
    if [[ ${#words[@]} -le 1 ]]; then
        _hvchain_words "${words[0]-}" 'scan --help --version'
    elif [[ ${words[0]} == scan ]]; then
        _hvchain_scan "${words[-1]}" "${words[-2]}"
    fi
}

complete -F _hvchain hvchain

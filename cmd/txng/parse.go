package main

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"
)

// existingFile reads a flag of type "existingfile": a file that is there, or why it is not, in Vietnamese.
func existingFile(ctx *kong.DecodeContext, target reflect.Value) error {
	var path string
	if err := ctx.Scan.PopValueInto("file", &path); err != nil {
		return err
	}
	if !ctx.Value.Active {
		return nil
	}
	path = kong.ExpandPath(path)
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		err = &os.PathError{Op: "stat", Path: path, Err: errDirectory}
	}
	if err != nil {
		return refuse("%w", err)
	}
	target.SetString(path)
	return nil
}

// parserSays are kong's sentences in Vietnamese. A "$1" that is a list of flags loses its placeholders before.
var parserSays = []struct {
	said *regexp.Regexp
	says string
}{
	{regexp.MustCompile(`^missing flags: (.*)$`), "Thiếu $1."},
	{regexp.MustCompile(`^missing positional arguments (.*)$`), "Thiếu $1."},
	{regexp.MustCompile(`^expected "(<.*>)"$`), "Thiếu $1."},
	{regexp.MustCompile(`^expected (?:one of )?(.*)$`), "Thiếu lệnh con; chọn một trong: $1"},
	{regexp.MustCompile(`^no command selected$`), "Chưa chọn lệnh."},
	{regexp.MustCompile(`^unknown flag ([^,]*)$`), "Không có tham số $1."},
	{regexp.MustCompile(`^unknown flag ([^,]*), did you mean (?:one of )?(.*)\?$`), "Không có tham số $1; có phải $2?"},
	{regexp.MustCompile(`^unexpected argument ([^,]*)$`), "Không hiểu “$1”."},
	{regexp.MustCompile(`^unexpected argument ([^,]*), did you mean (?:one of )?(.*)\?$`), "Không hiểu “$1”; có phải $2?"},
	{regexp.MustCompile(`^unexpected flag argument (.*)$`), "Tham số này không nhận giá trị: $1."},
	{regexp.MustCompile(`^(--\S+) and (--\S+) can't be used together$`), "Không dùng $1 và $2 cùng lúc."},
	{regexp.MustCompile(`^(\S+): expected a valid \d+ bit u?int but got (.*)$`), "$1: cần một số nguyên, không phải $2."},
	{regexp.MustCompile(`^(\S+): expected an? (?:int|float) but got (.*)$`), "$1: cần một số, không phải $2."},
	{regexp.MustCompile(`^(\S+): expected duration but got ("[^"]*").*$`), "$1: cần một khoảng thời gian như 30s, 10m, không phải $2."},
	{regexp.MustCompile(`^(\S+): (?:bool value must be .*|expected bool) but got ("[^"]*").*$`), "$1: cần true hoặc false, không phải $2."},
	{regexp.MustCompile(`^(\S+): expected \S+ value but got "EOL" .*$`), "$1: thiếu giá trị."},
	{regexp.MustCompile(`^(\S+): expected \S+ value but got ("[^"]*") .*$`), "$1: thiếu giá trị; $2 là một tham số khác."},
	{regexp.MustCompile(`^(\S+): missing value, expecting .*$`), "$1: thiếu giá trị."},
	{regexp.MustCompile(`^(\S+) must be one of (.*) but got (".*")$`), "$1: chỉ nhận $2, không phải $3."},
}

var (
	// placeholder is what kong writes behind a flag's name: "--from=STRING", "--units=UNITS,...", "--quota=10000".
	placeholder = regexp.MustCompile(`(--[a-z-]+)=(?:"[^"]*"|[^\s,:]*(?:,\.\.\.)?)`)
	// hint is kong's guess at a value that begins with a dash; from names the variable that a value is from.
	hint = regexp.MustCompile(`; perhaps try .*$`)
	from = regexp.MustCompile(` \(from envar ([A-Z_]+)=.*\)$`)
)

// parseSentence returns what to tell somebody whose arguments were not understood, with the way to the command's help.
func parseSentence(err error) string {
	help := "txng --help"
	var wrong *kong.ParseError
	if errors.As(err, &wrong) && wrong.Context != nil && wrong.Context.Selected() != nil {
		help = "txng " + strings.TrimPrefix(wrong.Context.Selected().Path(), "txng ") + " --help"
	}
	text := err.Error()
	var said refused
	if errors.As(err, &said) {
		text = strings.Replace(text, said.Error(), systemWords(said), 1)
	}
	variable := ""
	if m := from.FindStringSubmatch(text); m != nil {
		variable = " (biến môi trường " + m[1] + ")"
		text = from.ReplaceAllString(text, "")
	}
	text = placeholder.ReplaceAllString(hint.ReplaceAllString(text, ""), "$1")
	for _, p := range parserSays {
		if p.said.MatchString(text) {
			text = strings.ReplaceAll(p.said.ReplaceAllString(text, p.says), " or ", " hoặc ")
			break
		}
	}
	return text + variable + "\nXem: " + help
}

// helpWords are the headings of kong's help.
var helpWords = strings.NewReplacer("Usage: ", "Cách dùng: ", "\nArguments:\n", "\nĐối số:\n", "\nFlags:\n", "\nTham số:\n", "\nCommands:\n", "\nCác lệnh:\n",
	"for more information on a command.", "để xem từng lệnh.", "\nRun \"", "\nGõ \"")

// printHelp is kong's help with its headings in Vietnamese.
func printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	out := ctx.Stdout
	var text bytes.Buffer
	ctx.Stdout = &text
	err := kong.DefaultHelpPrinter(options, ctx)
	ctx.Stdout = out
	if err != nil {
		return err
	}
	_, err = helpWords.WriteString(out, text.String())
	return err
}

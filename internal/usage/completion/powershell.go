package completion

import (
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/usage"
)

// powerShell needs PowerShell 5.0, which has -Native. Where nothing is offered, PowerShell itself offers files.
func powerShell(p usage.Program) string {
	l := new(lines)
	l.add("# PowerShell completion of %s: %[1]s completion powershell | Out-String | Invoke-Expression\n", p.Name)
	l.add("Register-ArgumentCompleter -Native -CommandName %s -ScriptBlock {", powerShellQuote(p.Name))
	l.add("  param($wordToComplete, $commandAst, $cursorPosition)")
	l.add("  $commands = [ordered]@{")
	for _, c := range p.Commands {
		l.add("    %s = %s", powerShellQuote(c.Name), powerShellQuote(c.Summary))
	}
	l.add("  }\n  $flags = @{")
	for _, c := range p.Commands {
		l.add("    %s = [ordered]@{", powerShellQuote(c.Name))
		for _, f := range c.Flags {
			l.add("      %s = %s", powerShellQuote(f.Dashed()), powerShellQuote(f.Usage))
		}
		l.add("      '--help' = 'say how the command is used'\n    }")
	}
	l.add("  }\n  $values = @{")
	for _, c := range p.Commands {
		if len(c.Operands.Words) > 0 {
			l.add("    %s = %s", powerShellQuote(c.Name), powerShellWords(c.Operands))
		}
		for _, f := range c.Flags {
			if len(f.Values.Words) > 0 {
				l.add("    %s = %s", powerShellQuote(c.Name+" "+f.Dashed()), powerShellWords(f.Values))
			}
		}
	}
	l.add("  }")
	l.WriteString(powerShellEnd)
	return l.String()
}

// powerShellEnd offers what fits the word under the cursor. The words before it are those that begin before the cursor.
const powerShellEnd = `  $words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
  $offered = [ordered]@{}
  if ($words.Count -le 1) {
    $offered = $commands
  } elseif ($values.ContainsKey("$($words[1]) $($words[-1])")) {
    $values["$($words[1]) $($words[-1])"] | ForEach-Object { $offered[$_] = $_ }
  } elseif ($wordToComplete -like '-*' -and $flags.ContainsKey($words[1])) {
    $offered = $flags[$words[1]]
  } elseif ($values.ContainsKey($words[1])) {
    $values[$words[1]] | ForEach-Object { $offered[$_] = $_ }
  }
  $offered.Keys | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $offered[$_])
  }
}
`

func powerShellWords(v usage.Values) string {
	quoted := make([]string, 0, len(v.Words))
	for _, w := range v.Words {
		quoted = append(quoted, powerShellQuote(w))
	}
	return "@(" + strings.Join(quoted, ", ") + ")"
}

func powerShellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

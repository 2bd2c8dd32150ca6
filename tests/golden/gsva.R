# Golden values of R GSVA for tests/scoring/test_golden.py; run once: Rscript tests/golden/gsva.R tests/golden
# The data are made here, so that the file stands alone: 60 genes x 8 patients, without ties and with many.
suppressMessages(library(GSVA))
folder <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20)
free <- matrix(rnorm(480, 8, 2), 60, 8)
tied <- round(pmax(free - 6, 0), 1)
sets <- list(a = c(1, 5, 9, 33, 57), b = seq(2, 60, 3), c = c(60))
out <- list()
for (kind in c("free", "tied")) {
  x <- get(kind)
  rownames(x) <- paste0("g", seq_len(nrow(x)))
  colnames(x) <- paste0("s", seq_len(ncol(x)))
  named <- lapply(sets, function(i) rownames(x)[i])
  write.csv(format(x, digits = 17), file.path(folder, paste0("gsva_", kind, ".csv")), quote = FALSE)
  scores <- gsva(x, named, method = "ssgsea", ssgsea.norm = FALSE, verbose = FALSE)
  write.csv(format(scores, digits = 17), file.path(folder, paste0("gsva_", kind, "_ssgsea.csv")), quote = FALSE)
  for (m in c("zscore", "plage", "gsva")) {
    s <- gsva(x, named[1:2], method = m, verbose = FALSE)
    write.csv(format(s, digits = 17), file.path(folder, paste0("gsva_", kind, "_", m, ".csv")), quote = FALSE)
  }
}
writeLines(c(R.version.string, paste("GSVA", packageVersion("GSVA"))), file.path(folder, "gsva_versions.txt"))

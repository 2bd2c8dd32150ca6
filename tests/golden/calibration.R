# Reference values for tests/evaluation/test_calibration.py, from R. Run from this folder:
#   Rscript calibration.R
# Packages from Debian 12: survival, rms (Hmisc splines), riskRegression, jsonlite.
suppressMessages({library(survival); library(rms); library(riskRegression); library(jsonlite)})
set.seed(20250201)
n <- 300; horizon <- 730
lp <- rnorm(n)
time <- rexp(n, exp(lp) / 1500); censor <- runif(n, 100, 3000)
event <- as.integer(time <= censor); time <- pmin(time, censor)
cohort <- rep(c("a", "b", "c"), length.out = n)
survival <- exp(-horizon / 1300 * exp(0.8 * lp + 0.2 * rnorm(n)))   # not quite right, on purpose
survival <- round(survival, 6); time <- round(time, 3)
data <- data.frame(time, event, survival, cohort, patient = seq_len(n))
data$x <- log(-log(data$survival))

# censoring: Kaplan-Meier, just before an event and at the horizon
G <- survfit(Surv(time, 1 - event) ~ 1, data = data)
G_at <- stepfun(G$time, c(1, G$surv)); G_before <- function(t) sapply(t, function(s) { at <- which(G$time < s); if (length(at)) G$surv[max(at)] else 1 })
died <- as.integer(data$time <= horizon & data$event == 1)
data$w <- ifelse(died == 1, 1 / G_before(data$time), ifelse(data$time > horizon, 1 / G_at(horizon), 0))
data$died <- died

# the horizon: weighted cloglog regression, with sandwich errors taken from the working residuals
glm_at <- function(formula, offset = NULL) suppressWarnings(
  glm(formula, family = binomial("cloglog"), data = data, weights = w, subset = w > 0, control = list(epsilon = 1e-14)))
sandwich_error <- function(fit) {
  X <- model.matrix(fit); u <- residuals(fit, "working") * fit$weights * X
  V <- summary(fit)$cov.unscaled; sqrt(diag(V %*% crossprod(u) %*% V))
}
slope <- glm_at(died ~ x); intercept <- glm_at(died ~ offset(x))
# all of follow-up: Cox on the log cumulative hazard, ties by Breslow, stratified and clustered
twice <- rbind(transform(data, rep = 1), transform(data, rep = 2, x = x + rep(c(-0.1, 0.1), length.out = n)))
cox <- coxph(Surv(time, event) ~ x + strata(cohort), data = data, ties = "breslow", control = coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100), robust = TRUE, cluster = patient)
cox2 <- coxph(Surv(time, event) ~ x + strata(cohort, rep), data = twice, ties = "breslow", control = coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100), cluster = patient)
# smooth curve: Cox on a restricted cubic spline, 3 and 4 knots (Austin 2020)
curve_of <- function(knots) {
  at <- quantile(data$x, knots)
  fit <- coxph(Surv(time, event) ~ rcspline.eval(x, knots = at, inclx = TRUE), data = data, ties = "breslow", control = coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100))
  base <- survfit(fit, newdata = data, stype = 2, ctype = 1)
  observed <- summary(base, times = horizon)$surv
  apart <- abs(as.numeric(observed) - data$survival)
  list(ici = mean(apart), e50 = unname(quantile(apart, .5)), e90 = unname(quantile(apart, .9)), observed = as.numeric(observed)[1:5])
}
score <- Score(list(model = matrix(1 - data$survival)), Surv(time, event) ~ 1, data = as.data.frame(data), times = horizon,
               metrics = c("auc", "brier"), null.model = TRUE, se.fit = FALSE, cens.model = "km")
km <- summary(survfit(Surv(time, event) ~ 1, data = data), times = horizon)$surv
expected <- list(
  versions = paste(c(R.version.string, sapply(c("survival", "rms", "riskRegression"), function(p) paste(p, packageVersion(p)))), collapse = "; "),
  intercept = c(coef(intercept)[[1]], sandwich_error(intercept)[[1]]),
  slope = c(coef(slope)[["x"]], sandwich_error(slope)[["x"]]),
  overall = c(coef(cox)[["x"]], sqrt(vcov(cox)[1, 1])),
  overall_repeated = c(coef(cox2)[["x"]], sqrt(vcov(cox2)[1, 1])),
  observed_expected = (1 - km) / mean(1 - data$survival),
  three = curve_of(c(.1, .5, .9)), four = curve_of(c(.05, .35, .65, .95)),
  auc = score$AUC$score[model == "model", AUC], brier = score$Brier$score[model == "model", Brier],
  brier_null = score$Brier$score[model == "Null model", Brier], km = km
)
write_json(list(horizon = horizon, data = as.data.frame(data)[c("time", "event", "survival", "cohort")], expected = expected),
           "calibration.json", digits = NA, auto_unbox = TRUE, dataframe = "columns")

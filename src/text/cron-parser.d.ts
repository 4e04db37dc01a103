/** The part of the package that needs no files: its main module reads crontabs too, which an edge runtime can't. */
declare module 'cron-parser/dist/CronExpressionParser.js' {
  export { CronExpressionParser } from 'cron-parser';
}

/** Any JSON value: what a plan, a record and the Kubernetes API are made of. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };
